import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useAbout } from "./about";
import { Announcer } from "./components/Announcer";
import { Composer } from "./components/Composer";
import { DemoText } from "./components/DemoText";
import { Dialog } from "./components/Dialog";
import { Header } from "./components/Header";
import { HelpDialog } from "./components/HelpDialog";
import { DownIcon } from "./components/icons";
import { NoticeLine } from "./components/NoticeLine";
import { Opening } from "./components/Opening";
import { SettingsDialog } from "./components/SettingsDialog";
import { Talk } from "./components/Talk";
import { useHelpLines } from "./help";
import { usePlace } from "./place";
import { Session } from "./session";
import { keep, recall } from "./storage";
import { preferredLanguage, TextsContext, useLanguage } from "./texts";
import { useTheme } from "./theme";
import type { Language } from "./wire";

type Sheet = "help" | "settings" | "remove" | "demo" | null;

export function App() {
  const [language, setLanguage] = useState<Language>(() => {
    const stored = recall("browser", "language");
    return stored === "zh" || stored === "en" ? stored : preferredLanguage(navigator.languages);
  });
  const texts = useLanguage(language);
  const { t } = texts;
  const [theme, setTheme] = useTheme();
  const { about, reachable, retry } = useAbout(language);
  const [chosenRegion, setChosenRegion] = useState(() => recall("browser", "region"));
  const region = about?.regions.some(({ code }) => code === chosenRegion) ? chosenRegion : (about?.region ?? chosenRegion);
  const help = useHelpLines(region, language);
  const [sheet, setSheet] = useState<Sheet>(null);
  const [demoRead, setDemoRead] = useState(() => recall("browser", "demo") === "read");

  const [humour, setHumour] = useState(() => recall("browser", "humour") !== "off");

  const settingsNow = useRef({ region, humour });
  useEffect(() => {
    settingsNow.current = { region, humour };
  }, [region, humour]);
  const session = useMemo(
    () =>
      new Session(
        () => settingsNow.current.region,
        () => settingsNow.current.humour,
      ),
    [],
  );
  const { conversation, draft, notice, restoring } = useSyncExternalStore(session.subscribe, session.snapshot);
  useEffect(() => {
    void session.restore();
  }, [session]);
  useEffect(() => {
    // The server is back: a conversation still waiting to be restored need not wait for a tap.
    if (reachable && about && session.snapshot().restoring && session.snapshot().notice) void session.restore();
  }, [reachable, about, session]);

  const field = useRef<HTMLTextAreaElement>(null);
  const room = useRef<HTMLElement>(null);
  const empty = conversation.entries.length === 0;
  const place = usePlace(room, conversation.entries, !empty);

  const answering = conversation.phase !== "resting";
  const demonstration = about?.model.demonstration ?? false;
  const shownNotice = notice ?? (reachable ? null : ({ kind: "lost" } as const));

  const changeLanguage = (next: Language): void => {
    setLanguage(next);
    keep("browser", "language", next);
  };
  const changeRegion = (code: string): void => {
    setChosenRegion(code);
    keep("browser", "region", code);
  };
  const changeHumour = (on: boolean): void => {
    setHumour(on);
    keep("browser", "humour", on ? null : "off");
  };
  const openHelp = (): void => {
    help.refresh();
    setSheet("help");
  };
  const closeSheet = (): void => setSheet(null);
  const startNew = (): void => {
    session.startNew();
    closeSheet();
    field.current?.focus();
  };

  return (
    <TextsContext value={texts}>
      <a
        className="skip"
        href="#composer"
        onClick={(event) => {
          event.preventDefault();
          field.current?.focus();
        }}
      >
        {t("skip")}
      </a>
      <Header
        canStartNew={!empty}
        onHelp={openHelp}
        onNew={startNew}
        onSettings={() => setSheet("settings")}
        onLanguage={() => changeLanguage(language === "zh" ? "en" : "zh")}
      />
      {/* What scrolls has to be reachable by keyboard. */}
      <main ref={room} className="room" tabIndex={0} aria-label={t("talk.log")}>
        <div className="column">
          {empty && !restoring && (
            <Opening
              about={about}
              showDemo={demonstration && !demoRead}
              onDemoRead={() => {
                setDemoRead(true);
                keep("browser", "demo", "read");
                field.current?.focus();
              }}
              onStarter={(starter) => {
                session.write(starter);
                field.current?.focus();
              }}
            />
          )}
          {!empty && (
            <Talk
              conversation={conversation}
              onAgain={() => {
                place.toEnd();
                void session.again();
                field.current?.focus();
              }}
            />
          )}
        </div>
      </main>
      <footer className="desk">
        <div className="column">
          {!place.atEnd && !empty && (
            <button type="button" className={place.unread ? "latest unread" : "latest"} onClick={place.toEnd}>
              <DownIcon />
              {place.unread ? t("talk.fresh") : t("talk.latest")}
            </button>
          )}
          <NoticeLine
            notice={shownNotice}
            onRetry={() => {
              retry();
              void session.reconnect();
              field.current?.focus();
            }}
            onNew={startNew}
            onBack={(id) => void session.goBack(id)}
            onClose={
              notice
                ? () => {
                    session.dismiss();
                    field.current?.focus();
                  }
                : null
            }
          />
          <Composer
            draft={draft}
            limit={about?.limits.message_characters ?? null}
            answering={answering}
            field={field}
            onWrite={session.write}
            onSend={() => {
              place.toEnd();
              void session.send();
            }}
            onStop={session.stop}
          />
          <p className="foot">
            <span>{t("footer.note")}</span>
            {demonstration && (
              <button type="button" className="textual" onClick={() => setSheet("demo")}>
                {t("demo.again")}
              </button>
            )}
          </p>
        </div>
      </footer>
      <Announcer conversation={conversation} />
      <HelpDialog
        open={sheet === "help"}
        onClose={closeSheet}
        help={help}
        regions={about?.regions ?? []}
        region={region}
        onRegion={changeRegion}
      />
      <SettingsDialog
        open={sheet === "settings"}
        onClose={closeSheet}
        about={about}
        hasConversation={!empty}
        onNew={startNew}
        onRemove={() => setSheet("remove")}
        onLanguage={changeLanguage}
        theme={theme}
        onTheme={setTheme}
        humour={humour}
        onHumour={changeHumour}
        region={region}
        onRegion={changeRegion}
      />
      <Dialog open={sheet === "remove"} onClose={closeSheet} title={t("remove.title")} closeLabel={t("remove.no")}>
        <p>{t("remove.body")}</p>
        <div className="row">
          <button
            type="button"
            className="strong"
            onClick={() => {
              closeSheet();
              void session.remove();
            }}
          >
            {t("remove.yes")}
          </button>
          <button type="button" className="soft" onClick={closeSheet}>
            {t("remove.no")}
          </button>
        </div>
      </Dialog>
      <Dialog open={sheet === "demo"} onClose={closeSheet} title={t("demo.title")} closeLabel={t("notice.close")}>
        <DemoText />
      </Dialog>
    </TextsContext>
  );
}
