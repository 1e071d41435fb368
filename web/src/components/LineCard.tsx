import { useTexts } from "../texts";
import type { Line } from "../wire";

interface Props {
  lines: readonly Line[];
  /** False when the lines come from an earlier visit: what was open then says nothing about now. */
  live?: boolean;
  /** One row a line, for emergency numbers, which are always open. */
  brief?: boolean;
  /** Language of names and notes, where it may differ from the page's. */
  lang?: string | undefined;
}

/** Crisis lines, best first. Calm on purpose: the number is the largest thing, nothing is red. */
export function LineCard({ lines, live = true, brief = false, lang }: Props) {
  return (
    <ul className={brief ? "lines brief" : "lines"}>
      {lines.map((line) => (
        <LineRow key={`${line.region}/${line.name}/${line.number}`} line={line} live={live && !brief} brief={brief} lang={lang} />
      ))}
    </ul>
  );
}

function LineRow({ line, live, brief, lang }: { line: Line } & Required<Omit<Props, "lines">>) {
  const { t } = useTexts();
  const number = dialable(line.number);
  const byText = textOnly(line);
  const host = hostOf(line.url);
  const open = live ? line.open_now : null;
  const hours = brief ? "" : line.hours;
  return (
    <li className="line">
      <div className="line-head">
        <span className="line-name" lang={lang}>{line.name}</span>
        {open !== null && (
          <span className={open ? "chip open" : "chip"}>{open ? t("lines.open") : t("lines.closed")}</span>
        )}
      </div>
      {number ? (
        <a
          className="line-number"
          href={`${byText ? "sms" : "tel"}:${number}`}
          aria-label={t(byText ? "lines.text" : "lines.call", { name: line.name, number: line.number })}
        >
          {line.number}
        </a>
      ) : (
        line.number !== "" && <span className="line-number">{line.number}</span>
      )}
      {(hours || line.note) && (
        <p className="line-note" lang={lang}>
          {hours && <span>{hours}</span>}
          {hours && line.note && <span aria-hidden="true"> · </span>}
          {line.note && <span>{line.note}</span>}
        </p>
      )}
      {host && (
        <a className="line-site" href={line.url} target="_blank" rel="noreferrer noopener">
          {t("lines.site", { host })}
        </a>
      )}
    </li>
  );
}

/** Whether a line takes messages only; a call to it would ring nowhere. */
export function textOnly({ ways = ["call"] }: Pick<Line, "ways">): boolean {
  return ways.includes("text") && !ways.includes("call");
}

/** What a phone can dial, or null for "text HOME to ..." and the like. */
export function dialable(number: string): string | null {
  if (!/^\+?[\d\s()\-.转,]+$/.test(number)) return null;
  const digits = number.replace(/转/g, ",").replace(/[^\d+,]/g, "");
  return /\d{3}/.test(digits) ? digits : null;
}

function hostOf(url: string): string | null {
  try {
    const { protocol, hostname } = new URL(url);
    return protocol === "https:" || protocol === "http:" ? hostname.replace(/^www\./, "") : null;
  } catch {
    return null;
  }
}
