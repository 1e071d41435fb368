import type { HelpLines } from "../help";
import { useTexts } from "../texts";
import type { Region } from "../wire";
import { Dialog } from "./Dialog";
import { LineCard } from "./LineCard";
import { RegionSelect } from "./RegionSelect";

interface Props {
  open: boolean;
  onClose: () => void;
  help: HelpLines;
  regions: readonly Region[];
  region: string | null;
  onRegion: (code: string) => void;
}

/** Whoever needs a number needs one or two, not a wall of them; the rest is folded away. */
const FIRST = 2;

/** Real people, one tap away. Works from the last known lines, and from one sentence when none are known. */
export function HelpDialog({ open, onClose, help, regions, region, onRegion }: Props) {
  const { t } = useTexts();
  const emergency = help.lines.filter((line) => line.kind === "emergency");
  const lines = help.lines.filter((line) => line.kind !== "emergency");
  const live = help.state === "live";
  return (
    <Dialog open={open} onClose={onClose} title={t("help.title")} closeLabel={t("help.close")} className="help-sheet">
      <p className="sheet-lead">{t("help.lead")}</p>
      <div role="status">
        {help.state === "none" && <p className="callout">{t("help.none")}</p>}
        {help.state === "loading" && <p className="muted">{t("help.loading")}</p>}
        {help.state === "cached" && <p className="muted">{t("help.cached")}</p>}
      </div>
      {emergency.length > 0 && (
        <section className="emergency">
          <h3>{t("help.emergencyTitle")}</h3>
          <LineCard lines={emergency} live={live} brief />
        </section>
      )}
      {lines.length > 0 && (
        <section>
          <h3>{t("help.linesTitle")}</h3>
          <LineCard lines={lines.slice(0, FIRST)} live={live} />
          {lines.length > FIRST && (
            <details className="more">
              <summary>{t("help.more", { count: lines.length - FIRST })}</summary>
              <LineCard lines={lines.slice(FIRST)} live={live} />
            </details>
          )}
        </section>
      )}
      {regions.length > 0 && region !== null && (
        <RegionSelect label={t("help.region")} regions={regions} region={region} onRegion={onRegion} />
      )}
      <p className="muted">{t("help.someone")}</p>
    </Dialog>
  );
}
