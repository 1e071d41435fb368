import type { Language, Reminder } from "../wire";
import { tag } from "./Reply";

interface Props {
  reminders: readonly Reminder[];
  language: Language;
  /** Whether more may still come here. */
  live: boolean;
}

/**
 * What Anxin says beside the talk, in its quietest voice: that it is an AI, that a rest would be good. The place is there
 * before the words are, so that a screen reader hears them come.
 */
export function Reminders({ reminders, language, live }: Props) {
  if (reminders.length === 0 && !live) return null;
  return (
    <div {...(live ? { role: "status" } : {})} className="reminders">
      {reminders.map((reminder) => (
        <p key={reminder.kind} lang={tag(language)} data-kind={reminder.kind}>
          {reminder.text}
        </p>
      ))}
    </div>
  );
}
