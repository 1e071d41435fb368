import { memo } from "react";
import { type Texts, useTexts } from "../texts";
import type { CounsellorMessage } from "../turn";
import { AgainIcon } from "./icons";
import { LineCard } from "./LineCard";
import { Offer } from "./Offer";
import { Prose } from "./Prose";

interface Props {
  reply: CounsellorMessage;
  /** Set on the last reply when it may be answered once more. */
  onAgain: (() => void) | null;
}

export const Reply = memo(function Reply({ reply, onAgain }: Props) {
  const { t } = useTexts();
  const coming = reply.ending === null;
  return (
    <article className={reply.lines.length > 0 ? "reply held" : "reply"} aria-busy={coming} aria-label={t("talk.anxin")}>
      {reply.dropped > 0 && <p className="aside before">{t("talk.truncated", { count: reply.dropped })}</p>}
      {reply.shortened && <p className="aside before">{t("talk.shortened")}</p>}
      {reply.reasoning !== "" && (
        <details className="reasoning">
          <summary>{coming && reply.text === "" ? t("talk.reasoningNow") : t("talk.reasoning")}</summary>
          <div lang={tag(reply.language)}>
            <Prose text={reply.reasoning} />
          </div>
        </details>
      )}
      {reply.text !== "" && (
        <div className={coming ? "words coming" : "words"} lang={tag(reply.language)}>
          <Prose text={reply.text} />
        </div>
      )}
      {coming && reply.text === "" && (
        <p className="breath">
          <span className="lamp" aria-hidden="true" />
          {waitingText(t, reply.place)}
        </p>
      )}
      {reply.lines.length > 0 && (
        <div className="crisis">
          <h2>{t("lines.title")}</h2>
          <LineCard lines={reply.lines} lang={tag(reply.language)} />
        </div>
      )}
      {reply.offered && <Offer piece={reply.offered} />}
      <Ending reply={reply} />
      {onAgain && (
        <button type="button" className={wantsRetry(reply) ? "soft small" : "textual small"} onClick={onAgain}>
          <AgainIcon />
          {againText(t, reply)}
        </button>
      )}
    </article>
  );
});

function Ending({ reply }: { reply: CounsellorMessage }) {
  const { t } = useTexts();
  const { ending, failure } = reply;
  if (failure) {
    return (
      <div className="aside">
        <p>{failureText(t, failure.code)}</p>
        {failure.message !== "" && (
          <details className="reasoning">
            <summary>{t("talk.details")}</summary>
            <p lang="en">{failure.message}</p>
          </details>
        )}
      </div>
    );
  }
  const text = endingText(t, reply);
  return ending !== null && text !== "" ? <p className="aside">{text}</p> : null;
}

function endingText(t: Texts["t"], { ending, text, lines }: CounsellorMessage): string {
  if (ending === "failed") return t("talk.failed");
  if (ending === "length") return t("talk.length");
  // Beside help lines there is nothing to explain about the machine.
  if (ending === "guarded") return lines.length > 0 ? "" : t("talk.guarded");
  if (ending === "stopped") return t("talk.stopped");
  if (ending === "lost") return text === "" ? t("talk.unanswered") : t("talk.lost");
  return "";
}

function failureText(t: Texts["t"], code: string): string {
  if (code === "context_too_long") return t("talk.failedTooLong");
  if (code === "model_broken") return t("talk.failedBroken");
  if (code === "model_unavailable") return t("talk.failedUnavailable");
  return t("talk.failed");
}

/** True where there is no whole answer yet; elsewhere another one is a wish, offered quietly. */
function wantsRetry({ ending, text }: CounsellorMessage): boolean {
  return ending === "failed" || ending === "lost" || text === "";
}

function againText(t: Texts["t"], reply: CounsellorMessage): string {
  if (!wantsRetry(reply)) return t("talk.again");
  return reply.ending === "stopped" ? t("talk.answer") : t("talk.retry");
}

/** What to show, and to announce, while nothing has been said yet. */
export function waitingText(t: Texts["t"], place: number | null): string {
  if (place === null) return t("talk.thinking");
  return place <= 1 ? t("talk.next") : t("talk.ahead", { count: place - 1 });
}

export function tag(language: "zh" | "en"): string {
  return language === "zh" ? "zh-CN" : "en";
}
