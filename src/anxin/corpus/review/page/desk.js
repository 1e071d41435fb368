// What every desk shares: language, theme, keys, the API, the way from one item to the next.
// Text of a corpus is only ever set as text: nothing here reads HTML.

const SHARED = {
  zh: {
    language: "English",
    languageLabel: "Switch to English",
    help: "按键与显示",
    close: "关上",
    keys: "按键",
    singleKeys: "用单个按键操作",
    theme: "明暗",
    themes: { auto: "跟随系统", light: "浅色", dark: "深色" },
    previous: "上一条",
    next: "下一条",
    nameTitle: "先写下你的名字",
    nameLead: "你的判断会记在这个名字下。下次用同一个名字，就从停下的地方接着来。别人看不到你的判断，你也看不到别人的。",
    name: "名字",
    begin: "开始",
    progress: (done, all) => `${done} / ${all}`,
    progressLabel: (done, all) => `一共 ${all} 条，做完 ${done} 条`,
    place: (at, all) => `第 ${at} 条，共 ${all} 条`,
    doneTitle: "都看完了，辛苦你",
    doneLead: "每一条都已经存好，可以直接关掉这一页。想改的话，用“上一条”翻回去。",
    roles: { client: "来访者", counsellor: "咨询者", system: "说明", document: "文稿" },
    thought: "回答之前的思考",
    note: "补充一句（可不写）",
    lost: "没有存上：程序好像停了。重新运行后，打开终端里给出的新地址。",
    refused: "这个地址打不开。请打开终端里给出的完整地址。",
    again: "再试一次",
    skip: "跳到正文",
    bar: "你的判断",
    fields: { previous: "上一条", next: "下一条", help: "按键与显示", note: "写补充" },
  },
  en: {
    language: "中文",
    languageLabel: "切换到中文",
    help: "Keys and display",
    close: "Close",
    keys: "Keys",
    singleKeys: "Use single keys",
    theme: "Appearance",
    themes: { auto: "As the system", light: "Light", dark: "Dark" },
    previous: "Previous",
    next: "Next",
    nameTitle: "First, your name",
    nameLead:
      "Your judgements are kept under this name. Come back with the same one and you go on where you stopped. Nobody here sees your judgements, and you see nobody else’s.",
    name: "Name",
    begin: "Begin",
    progress: (done, all) => `${done} / ${all}`,
    progressLabel: (done, all) => `${done} of ${all} done`,
    place: (at, all) => `${at} of ${all}`,
    doneTitle: "That was the last one. Thank you.",
    doneLead: "Everything is saved; you may simply close this page. To change something, go back with Previous.",
    roles: { client: "Client", counsellor: "Counsellor", system: "Note", document: "Document" },
    thought: "Thought before the reply",
    note: "A word on it (optional)",
    lost: "Not saved: the program seems to have stopped. Run it again and open the new address in the terminal.",
    refused: "This address does not open. Please open the whole address that the terminal shows.",
    again: "Try again",
    skip: "Skip to the text",
    bar: "Your judgement",
    fields: { previous: "previous", next: "next", help: "keys and display", note: "write a note" },
  },
};

/** An element with attributes, `on...` listeners and children; text becomes text. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The language a text is written in, for fonts, line breaks and readers aloud. */
export const tongue = (text) => (/\p{Script=Han}/u.test(text) ? "zh-CN" : "en");

/** A button with the key that presses it. */
export function button(text, key, attributes = {}) {
  const hint = key ? h("kbd", { "aria-hidden": "true" }, key) : null;
  return h("button", { type: "button", "aria-keyshortcuts": key?.length === 1 ? key : null, ...attributes }, h("span", {}, text), hint);
}

/** The messages of a dialogue, set as a transcript. */
export function transcript(messages, say) {
  return h(
    "ol",
    { class: "transcript" },
    messages.map((message) =>
      h(
        "li",
        { class: `message ${message.role}` },
        h("span", { class: "role" }, say.roles[message.role] ?? message.role),
        h(
          "div",
          { class: "said" },
          message.thought
            ? h("details", { class: "thought" }, h("summary", {}, say.thought), h("p", { class: "text", lang: tongue(message.thought) }, message.thought))
            : null,
          h("p", { class: "text", lang: tongue(message.text) }, message.text),
        ),
      ),
    ),
  );
}

function kept(name, fallback) {
  try {
    return localStorage.getItem(`anxin.desk.${name}`) ?? fallback;
  } catch {
    return fallback;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(`anxin.desk.${name}`, value);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}

/** The token came with the address; it goes from there at once, so that it is not bookmarked or read over a shoulder. */
function token() {
  const given = location.hash.slice(1);
  try {
    if (given) {
      sessionStorage.setItem("anxin.desk.token", given);
      history.replaceState(null, "", location.pathname);
    }
    return given || sessionStorage.getItem("anxin.desk.token") || "";
  } catch {
    return given;
  }
}

class Refused extends Error {}

/**
 * Runs a desk. `work` has `texts` (zh, en), `keys` (lines of the help), `show(desk)` that fills `desk.main` and
 * `desk.bar` for `desk.item`, and `press(desk, key, event)` that says whether it took a key.
 */
export class Desk {
  constructor(work) {
    this.work = work;
    this.token = token();
    this.language = kept("language", navigator.language?.toLowerCase().startsWith("zh") ? "zh" : "en");
    this.person = "";
    this.items = [];
    this.answers = {};
    this.at = 0;
    this.item = null;
    this.made = [];
    this.busy = false;
    this.main = h("main", { id: "main", tabindex: "-1" });
    this.bar = h("section", { class: "bar" });
    this.heard = h("p", { class: "unseen", role: "status" });
    this.alarm = h("div", { class: "alarm", role: "alert" });
    this.header = h("header", {});
    this.dialog = h("dialog", { class: "sheet", "aria-labelledby": "help-title" });
    this.#theme(kept("theme", "auto"));
  }

  get say() {
    return { ...SHARED[this.language], ...this.work.texts[this.language] };
  }

  get key() {
    return this.items[this.at];
  }

  get answer() {
    return this.answers[this.key] ?? null;
  }

  get done() {
    return this.items.filter((key) => this.answers[key]).length;
  }

  async start() {
    this.skip = h("a", { class: "skip", href: "#main" });
    document.body.append(this.skip, this.header, this.main, this.bar, this.alarm, this.heard, this.dialog);
    document.addEventListener("keydown", (event) => this.#press(event));
    this.#frame();
    await this.#tried(async () => {
      const { person } = await this.#ask("/api/desk");
      if (person) await this.#begin("");
      else this.#askName();
    });
  }

  /** Show the item at a place, or the end after the last. */
  async go(at) {
    if (this.busy || this.editing) return;
    await this.#load(Math.max(0, Math.min(at, this.items.length)));
  }

  /** Write an answer down and, once it is on the disk, go on to the next that has none; whether that went well. */
  async save(body, said) {
    if (this.busy || !this.item) return false;
    this.busy = true;
    const key = this.key;
    document.body.setAttribute("aria-busy", "true");
    const fine = await this.#tried(async () => {
      const { answer } = await this.#ask("/api/answers", { person: this.person, item: key, ...body });
      if (answer) {
        this.answers[key] = answer;
        this.made.push(key);
      } else delete this.answers[key];
    });
    this.busy = false;
    document.body.removeAttribute("aria-busy");
    if (!fine) return false;
    this.editing = false;
    if (this.answers[key]) await this.#load(this.#open());
    else await this.#load();
    this.announce(`${said} ${this.say.progressLabel(this.done, this.items.length)}`);
    return true;
  }

  /** Go back to what was answered last in this sitting; its place, or -1. */
  back() {
    const key = this.made.pop();
    return key === undefined ? -1 : this.items.indexOf(key);
  }

  announce(text) {
    this.heard.textContent = text;
  }

  /** Draw the item again, as after a change of language. */
  draw() {
    const { say } = this;
    document.documentElement.lang = this.language === "zh" ? "zh-CN" : "en";
    document.title = `${say.title} · 安心 Anxin`;
    this.#frame();
    if (!this.person) return;
    this.main.replaceChildren();
    this.bar.replaceChildren();
    if (this.item) this.work.show(this);
    else this.#end();
  }

  #open() {
    for (let step = 1; step <= this.items.length; step += 1) {
      const at = (this.at + step) % this.items.length;
      if (!this.answers[this.items[at]]) return at;
    }
    return this.items.length;
  }

  async #load(at = this.at) {
    // Keys pressed meanwhile are not taken: they would be meant for another item than the one that comes.
    this.busy = true;
    await this.#tried(async () => {
      const item = at < this.items.length ? await this.#ask(`/api/items/${this.items[at]}`) : null;
      Object.assign(this, { at, item });
      this.draw();
      scrollTo(0, 0);
      this.main.focus({ preventScroll: true });
    });
    this.busy = false;
  }

  async #begin(name) {
    const begun = await this.#ask("/api/begin", { person: name });
    Object.assign(this, { person: begun.person, items: begun.items, answers: begun.answers, more: begun });
    const first = this.items.findIndex((key) => !this.answers[key]);
    await this.#load(first < 0 ? this.items.length : first);
  }

  #askName() {
    const { say } = this;
    const field = h("input", { id: "name", name: "name", autocomplete: "name", required: true, maxlength: 60, value: kept("name", "") });
    const form = h(
      "form",
      {
        class: "opening",
        onsubmit: (event) => {
          event.preventDefault();
          keep("name", field.value.trim());
          this.#tried(() => this.#begin(field.value));
        },
      },
      h("h1", {}, say.nameTitle),
      h("p", {}, say.nameLead),
      h("label", { for: "name" }, say.name),
      field,
      h("button", { class: "strong", type: "submit" }, say.begin),
    );
    this.main.replaceChildren(form);
    this.bar.replaceChildren();
    field.focus();
  }

  #end() {
    const { say } = this;
    this.main.append(h("div", { class: "opening" }, h("h1", {}, say.doneTitle), h("p", {}, say.doneLead)));
    this.bar.append(h("div", { class: "row" }, button(say.previous, "←", { class: "soft", onclick: () => this.go(this.at - 1) })));
  }

  #frame() {
    const { say } = this;
    this.skip.textContent = say.skip;
    this.bar.setAttribute("aria-label", say.bar);
    const all = this.items.length;
    const bar = h("progress", { max: all || 1, value: this.done, "aria-label": say.progressLabel(this.done, all) });
    this.header.replaceChildren(
      h("p", { class: "brand" }, h("span", { class: "mark", lang: "zh-CN" }, "安心"), h("span", { class: "what" }, say.title)),
      ...(all ? [h("div", { class: "way" }, bar, h("span", { "aria-hidden": "true" }, say.progress(this.done, all)))] : []),
      h(
        "div",
        { class: "tools" },
        this.person ? h("span", { class: "person" }, this.person) : "",
        h("button", { type: "button", class: "quiet", lang: this.language === "zh" ? "en" : "zh-CN", "aria-label": say.languageLabel, onclick: () => this.#turn() }, say.language),
        h("button", { type: "button", class: "quiet round", "aria-label": say.help, onclick: () => this.#help() }, "?"),
      ),
    );
  }

  #turn() {
    if (this.editing) return;
    this.language = this.language === "zh" ? "en" : "zh";
    keep("language", this.language);
    this.draw();
    if (!this.person && this.main.firstChild) this.#askName();
    this.header.querySelector(".tools button").focus();
  }

  #theme(theme) {
    keep("theme", theme);
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  #help() {
    const { say } = this;
    const single = h("input", { type: "checkbox", id: "single", onchange: () => keep("single", single.checked ? "yes" : "no") });
    single.checked = kept("single", "yes") === "yes";
    const theme = h(
      "select",
      { id: "theme", onchange: () => this.#theme(theme.value) },
      Object.entries(say.themes).map(([value, text]) => h("option", { value, selected: kept("theme", "auto") === value }, text)),
    );
    const lines = [...this.work.keys(say), ["← →", `${say.fields.previous} · ${say.fields.next}`], ["N", say.fields.note], ["?", say.fields.help]];
    this.dialog.replaceChildren(
      h("h2", { id: "help-title", tabindex: "-1" }, say.help),
      h("dl", { class: "keys" }, lines.map(([key, text]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)))),
      h("p", { class: "choice" }, single, h("label", { for: "single" }, say.singleKeys)),
      h("p", { class: "choice" }, h("label", { for: "theme" }, say.theme), theme),
      h("button", { type: "button", class: "soft", onclick: () => this.dialog.close() }, say.close),
    );
    this.dialog.showModal();
  }

  #press(event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || this.dialog.open) return;
    const writing = event.target.matches?.("textarea, select, input:not([type=radio], [type=checkbox])");
    if (event.key === "Escape" && writing && !this.editing) {
      event.target.blur();
      this.main.focus({ preventScroll: true });
      return;
    }
    if (writing && event.key !== "Escape") return;
    if (event.key.length === 1 && kept("single", "yes") !== "yes") return;
    if (event.key === "?") this.#help();
    else if (this.busy || event.repeat) return;
    else if (this.person && this.item && this.work.press(this, event.key.toLowerCase(), event)) event.preventDefault();
    else if (event.target.matches?.("input, summary")) return;
    else if (!this.person || this.editing) return;
    else if (event.key === "ArrowLeft") this.go(this.at - 1);
    else if (event.key === "ArrowRight") this.go(this.at + 1);
    else return;
    event.preventDefault();
  }

  /** Does a thing that asks the server; a failure is said aloud and leaves everything as it stands. */
  async #tried(thing) {
    try {
      await thing();
      this.alarm.replaceChildren();
      return true;
    } catch (error) {
      const text = error instanceof Refused ? error.message : this.say.lost;
      this.alarm.replaceChildren(h("p", {}, text), h("button", { type: "button", class: "quiet", onclick: () => this.alarm.replaceChildren() }, this.say.close));
      return false;
    }
  }

  async #ask(path, body) {
    const answer = await fetch(path, {
      method: body ? "POST" : "GET",
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    if (answer.ok) return answer.json();
    const told = await answer.json().catch(() => ({}));
    throw new Refused(answer.status === 403 ? this.say.refused : (this.say.faults?.[told.message] ?? told.message ?? this.say.lost));
  }
}
