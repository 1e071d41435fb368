import { type KeyboardEvent, type RefObject, useId } from "react";
import { useTexts } from "../texts";
import { SendIcon, StopIcon } from "./icons";

interface Props {
  draft: string;
  limit: number | null;
  answering: boolean;
  field: RefObject<HTMLTextAreaElement | null>;
  onWrite: (text: string) => void;
  onSend: () => void;
  onStop: () => void;
}

/** From this share of the limit on, what is left is shown. */
const NEAR = 0.85;

export function Composer({ draft, limit, answering, field, onWrite, onSend, onStop }: Props) {
  const { t } = useTexts();
  const id = useId();
  // The server counts code points, and so do we: an emoji is one.
  const left = limit === null ? null : limit - Array.from(draft.trim()).length;
  const over = left !== null && left < 0;
  const near = left !== null && limit !== null && left <= limit * (1 - NEAR);
  const sendable = draft.trim() !== "" && !over && !answering;

  const keyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    // While an input method composes, Enter picks a candidate. Safari ends the composition first; 229 still tells.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (sendable) onSend();
  };

  return (
    <form
      id="composer"
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (sendable) onSend();
        field.current?.focus();
      }}
    >
      <label className="unseen" htmlFor={id}>
        {t("composer.label")}
      </label>
      <div className="grow" data-draft={draft}>
        <textarea
          id={id}
          ref={field}
          rows={1}
          value={draft}
          placeholder={t("composer.placeholder")}
          aria-describedby={near ? `${id}-hint ${id}-left` : `${id}-hint`}
          aria-invalid={over}
          autoComplete="off"
          enterKeyHint="send"
          onChange={(event) => onWrite(event.target.value)}
          onKeyDown={keyDown}
        />
      </div>
      <p id={`${id}-hint`} className="unseen">
        {t("composer.hint")}
      </p>
      {near && (
        <p id={`${id}-left`} className={over ? "left over" : "left"} role="status">
          {over ? t("composer.over", { count: -left }) : t("composer.left", { count: left })}
        </p>
      )}
      {answering ? (
        <button
          type="button"
          className="send stop"
          aria-label={t("composer.stop")}
          title={t("composer.stop")}
          onClick={() => {
            onStop();
            field.current?.focus();
          }}
        >
          <StopIcon />
        </button>
      ) : (
        <button type="submit" className="send" aria-label={t("composer.send")} title={t("composer.send")} disabled={!sendable}>
          <SendIcon />
        </button>
      )}
    </form>
  );
}
