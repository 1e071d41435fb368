import { useTexts } from "../texts";
import type { Conversation, CounsellorMessage } from "../turn";
import { tag, waitingText } from "./Reply";

/**
 * What a screen reader hears: that an answer is on its way, the place in the queue, and each reply once, when it is
 * whole. Tokens are never announced.
 */
export function Announcer({ conversation }: { conversation: Conversation }) {
  const { t } = useTexts();
  const last = conversation.entries.at(-1);
  const reply = last?.role === "counsellor" ? last : null;
  return (
    <div className="unseen" role="log" aria-live="polite">
      {reply && conversation.phase !== "resting" && (
        <p key={`${String(reply.key)}/${String(reply.place)}`}>
          {reply.text === "" && reply.place !== null ? waitingText(t, reply.place) : t("say.answering")}
        </p>
      )}
      {reply && conversation.phase === "resting" && <Whole key={reply.key} reply={reply} />}
    </div>
  );
}

function Whole({ reply }: { reply: CounsellorMessage }) {
  const { t } = useTexts();
  return (
    <>
      {reply.text !== "" && <p lang={tag(reply.language)}>{t("say.done", { text: plain(reply.text) })}</p>}
      {reply.lines.map((line) => (
        <p key={line.name + line.number}>{`${line.name} ${line.number}`}</p>
      ))}
      {reply.offered && <p>{t("say.offered", { kind: t(`offer.${reply.offered.kind}`), title: reply.offered.title })}</p>}
      {reply.ending === "stopped" && <p>{t("say.stopped")}</p>}
      {reply.ending === "failed" && <p>{t("talk.failed")}</p>}
      {reply.ending === "lost" && <p>{reply.text === "" ? t("talk.unanswered") : t("talk.lost")}</p>}
    </>
  );
}

function plain(text: string): string {
  return text.replace(/[*_#>`]+/g, "");
}
