import type { Notice } from "../session";
import { type Texts, useTexts } from "../texts";
import { CloseIcon } from "./icons";

interface Props {
  notice: Notice | null;
  onRetry: () => void;
  onNew: () => void;
  onBack: (id: string) => void;
  /** Null for what stays true until it changes by itself. */
  onClose: (() => void) | null;
}

/** One plain line above the composer; its region is always there, so that a change in it is announced. */
export function NoticeLine({ notice, onRetry, onNew, onBack, onClose }: Props) {
  const { t } = useTexts();
  const back = notice?.kind === "fresh" ? notice.back : null;
  return (
    <div role="status" className="notice-place">
      {notice && (
        <div className="notice" data-kind={notice.kind}>
          <p>{noticeText(t, notice)}</p>
          {notice.kind === "lost" && (
            <button type="button" className="textual" onClick={onRetry}>
              {t("notice.retry")}
            </button>
          )}
          {notice.kind === "full" && (
            <button type="button" className="textual" onClick={onNew}>
              {t("notice.startNew")}
            </button>
          )}
          {back !== null && (
            <button type="button" className="textual" onClick={() => onBack(back)}>
              {t("notice.back")}
            </button>
          )}
          {onClose && (
            <button type="button" className="quiet round tiny" aria-label={t("notice.close")} onClick={onClose}>
              <CloseIcon />
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function noticeText(t: Texts["t"], notice: Notice): string {
  if (notice.kind !== "tooMany") return t(`notice.${notice.kind}`);
  return notice.seconds === null ? t("notice.tooMany") : t("notice.tooManySeconds", { count: notice.seconds });
}
