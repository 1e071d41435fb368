import { useState } from "react";
import { useTexts } from "../texts";
import type { About } from "../wire";
import { DemoText } from "./DemoText";

interface Props {
  about: About | null;
  onStarter: (text: string) => void;
  showDemo: boolean;
  onDemoRead: () => void;
}

/** What stands in the room before the first word. */
export function Opening({ about, onStarter, showDemo, onDemoRead }: Props) {
  const { t } = useTexts();
  const [hour] = useState(() => new Date().getHours());
  return (
    <section className="opening" aria-labelledby="greeting">
      <h2 id="greeting" className="greeting">
        {t(`opening.${timeOfDay(hour)}`)}
      </h2>
      <p className="lead">{t("opening.lead")}</p>
      <div className="promise">
        <p>{about?.disclosure || t("opening.disclosure")}</p>
        {about && (
          <p>
            {about.model.outside !== false
              ? t("opening.privacyEndpoint", { model: about.model.name })
              : t("opening.privacyHere")}
          </p>
        )}
      </div>
      <p className="starters-title" id="starters">
        {t("opening.starters")}
      </p>
      <ul className="starters" aria-labelledby="starters">
        {t("opening.starter", { returnObjects: true }).map((starter) => (
          <li key={starter}>
            <button type="button" className="starter" onClick={() => onStarter(starter)}>
              {starter}
            </button>
          </li>
        ))}
      </ul>
      {showDemo && (
        <aside className="demo" aria-labelledby="demo-title">
          <h3 id="demo-title">{t("demo.title")}</h3>
          <DemoText />
          <button type="button" className="textual" onClick={onDemoRead}>
            {t("demo.dismiss")}
          </button>
        </aside>
      )}
    </section>
  );
}

function timeOfDay(hour: number): "night" | "morning" | "day" | "evening" {
  if (hour >= 23 || hour < 5) return "night";
  if (hour < 11) return "morning";
  return hour < 18 ? "day" : "evening";
}
