import { useTexts } from "../texts";
import { type Conversation, canAnswerAgain } from "../turn";
import { AgainIcon } from "./icons";
import { Reminders } from "./Reminders";
import { Reply, tag } from "./Reply";

interface Props {
  conversation: Conversation;
  onAgain: () => void;
}

/** The conversation, oldest first. Not a live region: the announcer speaks for it, once per reply. */
export function Talk({ conversation, onAgain }: Props) {
  const { t } = useTexts();
  const { entries } = conversation;
  const again = canAnswerAgain(conversation) ? onAgain : null;
  return (
    <ol className="talk">
      {entries.map((entry, place) => {
        const last = place === entries.length - 1;
        if (entry.role === "break") {
          return (
            <li key={entry.key} className="break">
              <span>{t("talk.break")}</span>
            </li>
          );
        }
        if (entry.role === "counsellor") {
          return (
            <li key={entry.key}>
              <Reminders reminders={entry.notices} language={entry.language} live={last} />
              <Reply reply={entry} onAgain={last ? again : null} />
            </li>
          );
        }
        return (
          <li key={entry.key} className="mine">
            <article aria-label={t("talk.you")}>
              <p className="bubble" lang={tag(entry.language)}>
                {entry.text}
              </p>
            </article>
            {last && again && (
              <div className="unanswered">
                <p className="aside">{t("talk.unanswered")}</p>
                <button type="button" className="soft small" onClick={again}>
                  <AgainIcon />
                  {t("talk.answer")}
                </button>
              </div>
            )}
          </li>
        );
      })}
    </ol>
  );
}
