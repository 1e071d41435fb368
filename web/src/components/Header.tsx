import { useTexts } from "../texts";
import { FreshIcon, Mark, PhoneIcon, SettingsIcon } from "./icons";

interface Props {
  canStartNew: boolean;
  onHelp: () => void;
  onNew: () => void;
  onSettings: () => void;
  onLanguage: () => void;
}

/** The one bar that never scrolls away, so that help is always one tap off. */
export function Header({ canStartNew, onHelp, onNew, onSettings, onLanguage }: Props) {
  const { t, language } = useTexts();
  return (
    <header className="bar" data-talking={canStartNew}>
      <div className="bar-inner">
        <h1 className="name">
          <Mark />
          <span className="name-word">{t("title")}</span>
        </h1>
        <div className="bar-tools">
          {canStartNew && (
            <button type="button" className="quiet round" aria-label={t("header.fresh")} title={t("header.fresh")} onClick={onNew}>
              <FreshIcon />
            </button>
          )}
          <button
            type="button"
            className="quiet round letters"
            lang={language === "zh" ? "en" : "zh-CN"}
            aria-label={t("header.language")}
            title={t("header.language")}
            onClick={onLanguage}
          >
            <span aria-hidden="true">{t("header.languageShort")}</span>
          </button>
          <button type="button" className="quiet round" aria-label={t("header.settings")} title={t("header.settings")} onClick={onSettings}>
            <SettingsIcon />
          </button>
          <button type="button" className="help" title={t("header.helpLong")} onClick={onHelp}>
            <PhoneIcon />
            {t("header.help")}
          </button>
        </div>
      </div>
    </header>
  );
}
