import { Fragment, memo, useMemo } from "react";
import { type Inline, parse } from "../markdown";

/** A reply's text as React nodes; no HTML is ever made from it. */
export const Prose = memo(function Prose({ text }: { text: string }) {
  const blocks = useMemo(() => parse(text), [text]);
  return blocks.map((block, place) => {
    if (block.kind === "paragraph") {
      return (
        <p key={place}>
          <Words words={block.children} />
        </p>
      );
    }
    const rows = block.items.map((item, row) => (
      <li key={row}>
        <Words words={item} />
      </li>
    ));
    return block.ordered ? (
      <ol key={place} start={block.start}>
        {rows}
      </ol>
    ) : (
      <ul key={place}>{rows}</ul>
    );
  });
});

function Words({ words }: { words: readonly Inline[] }) {
  return words.map((word, place) => {
    switch (word.kind) {
      case "text":
        return <Fragment key={place}>{word.text}</Fragment>;
      case "break":
        return <br key={place} />;
      case "strong":
        return (
          <strong key={place}>
            <Words words={word.children} />
          </strong>
        );
      case "emphasis":
        return (
          <em key={place}>
            <Words words={word.children} />
          </em>
        );
    }
  });
}
