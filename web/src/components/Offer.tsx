import { useTexts } from "../texts";
import type { Piece } from "../wire";
import { tag } from "./Reply";

/** Something offered beside the words, folded: nobody has to open it. */
export function Offer({ piece }: { piece: Piece }) {
  const { t } = useTexts();
  return (
    <details className={`offer ${piece.kind}`}>
      <summary>
        <span className="offer-kind">{t(`offer.${piece.kind}`)}</span>
        <span className="offer-title" lang={tag(piece.language)}>
          {piece.title}
        </span>
        {piece.minutes > 0 && <span className="offer-kind">{t("offer.minutes", { count: piece.minutes })}</span>}
      </summary>
      <div className="offer-body" lang={tag(piece.language)}>
        <Body piece={piece} />
        {piece.note !== "" && <p className="offer-note">{piece.note}</p>}
        {piece.source !== "" && (
          <p className="offer-source">
            {piece.language === "zh" ? "来源：" : "Source: "}
            {piece.source}
          </p>
        )}
      </div>
    </details>
  );
}

function Body({ piece }: { piece: Piece }) {
  if (piece.kind === "crosstalk") {
    return (
      <dl className="voices">
        {piece.lines.map(({ voice, text }, place) => (
          <div key={place} className={voice === piece.lines[0]?.voice ? "voice" : "voice second"}>
            <dt>{voice}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    );
  }
  if (piece.kind === "exercise") {
    return (
      <ol className="steps">
        {piece.lines.map(({ text }, place) => (
          <li key={place}>{text}</li>
        ))}
      </ol>
    );
  }
  return piece.lines.map(({ text }, place) => <p key={place}>{text}</p>);
}
