import { useTexts } from "../texts";
import type { Theme } from "../theme";
import type { About, Language } from "../wire";
import { Choice } from "./Choice";
import { Dialog } from "./Dialog";
import { RegionSelect } from "./RegionSelect";

interface Props {
  open: boolean;
  onClose: () => void;
  about: About | null;
  hasConversation: boolean;
  onNew: () => void;
  onRemove: () => void;
  onLanguage: (language: Language) => void;
  theme: Theme;
  onTheme: (theme: Theme) => void;
  humour: boolean;
  onHumour: (on: boolean) => void;
  region: string | null;
  onRegion: (code: string) => void;
}

export function SettingsDialog(props: Props) {
  const { open, onClose, about, hasConversation, region } = props;
  const { t, language } = useTexts();
  return (
    <Dialog open={open} onClose={onClose} title={t("settings.title")} closeLabel={t("settings.close")}>
      {hasConversation && (
        <section>
          <h3>{t("settings.conversation")}</h3>
          <div className="row">
            <button type="button" className="soft" onClick={props.onNew}>
              {t("settings.fresh")}
            </button>
            <button type="button" className="soft" onClick={props.onRemove}>
              {t("settings.remove")}
            </button>
          </div>
        </section>
      )}
      <Choice
        legend={t("settings.language")}
        options={[
          { value: "zh", label: "中文", lang: "zh-CN" },
          { value: "en", label: "English", lang: "en" },
        ]}
        value={language}
        onChange={props.onLanguage}
      />
      <Choice
        legend={t("settings.theme")}
        options={[
          { value: "auto", label: t("settings.auto") },
          { value: "light", label: t("settings.light") },
          { value: "dark", label: t("settings.dark") },
        ]}
        value={props.theme}
        onChange={props.onTheme}
      />
      <Choice
        legend={t("settings.humour")}
        hint={t("settings.humourHint")}
        options={[
          { value: "on", label: t("settings.on") },
          { value: "off", label: t("settings.off") },
        ]}
        value={props.humour ? "on" : "off"}
        onChange={(value) => props.onHumour(value === "on")}
      />
      {about && region !== null && (
        <RegionSelect
          label={t("settings.region")}
          hint={t("settings.regionHint")}
          regions={about.regions}
          region={region}
          onRegion={props.onRegion}
        />
      )}
      {about && (
        <section>
          <h3>{t("settings.about")}</h3>
          <p className="muted">{about.disclosure}</p>
          <p className="muted">
            {t("settings.model", { model: about.model.name })} · {t("settings.version", { version: about.version })}
          </p>
        </section>
      )}
    </Dialog>
  );
}
