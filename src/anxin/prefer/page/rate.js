// Rating replies: seven principles, 1 to 5, without knowing who wrote them.
import { Desk, button, h, tongue, transcript } from "/desk.js";

const texts = {
  zh: {
    title: "回复评分",
    ask: "这句回复，你给几分？",
    statement: "来访者说",
    reply: "回复",
    score: (title, score) => (score ? `${title}：${score} 分` : `${title}：还没有打分`),
    unscored: "—",
    left: (count) => `还有 ${count} 条没有打分`,
    save: "存好，看下一句",
    saved: "已存好。",
    notScored: "不影响分数的",
    chosen: "你打过分了，可以改",
    keys: { digits: "给这一条打分，接着下一条", moves: "换一条", save: "七条打完后存好" },
  },
  en: {
    title: "Rating replies",
    ask: "How good is this reply?",
    statement: "The client says",
    reply: "The reply",
    score: (title, score) => (score ? `${title}: ${score} of 5` : `${title}: not scored yet`),
    unscored: "–",
    left: (count) => `${count} still to score`,
    save: "Save, next reply",
    saved: "Saved.",
    notScored: "What must not count",
    chosen: "You have scored this; change it if you like",
    keys: { digits: "score this principle and go on", moves: "another principle", save: "save once all seven are scored" },
  },
};

let showing = "";
const drafts = {};
let scores = {};
let current = 0;

const work = {
  texts,

  keys: (say) => [
    ["1–5", say.keys.digits],
    ["↑ ↓", say.keys.moves],
    ["↵", say.keys.save],
  ],

  show(desk) {
    const { say, item, answer } = desk;
    if (showing !== desk.key) {
      showing = desk.key;
      scores = drafts[showing] ??= { ...(answer?.scores ?? {}) };
      current = Math.max(0, this.list(desk).findIndex(({ key }) => !scores[key]));
      this.written = answer?.note ?? "";
    }
    document.body.classList.add("wide");
    this.panel = h("section", { class: "panel", "aria-label": say.ask });
    desk.main.append(
      h(
        "div",
        { class: "reading" },
        h("p", { class: "place" }, say.place(desk.at + 1, desk.items.length), answer ? ` · ${say.chosen}` : ""),
        h("h2", {}, say.statement),
        transcript(item.messages, say),
        h("h2", {}, say.reply),
        h("div", { class: "reply" }, h("p", { class: "text", lang: tongue(item.reply) }, item.reply)),
      ),
      this.panel,
    );
    this.folds = h("div", {});
    this.note = h("input", { class: "note", id: "note", "aria-label": say.note, placeholder: say.note, maxlength: 4000, autocomplete: "off", value: this.written, oninput: () => (this.written = this.note.value) });
    this.panel.append(h("h1", {}, say.ask), this.folds, this.note);
    this.draw(desk);
    this.finish = button(say.save, "↵", { class: "strong", onclick: () => this.save(desk) });
    desk.bar.append(
      h(
        "div",
        { class: "row ends" },
        button(say.previous, "←", { class: "quiet", disabled: desk.at === 0, onclick: () => desk.go(desk.at - 1) }),
        button(say.next, "→", { class: "quiet", onclick: () => desk.go(desk.at + 1) }),
        this.finish,
      ),
    );
    this.count(desk);
  },

  list: (desk) => desk.more.principles,

  count(desk) {
    const left = this.list(desk).filter(({ key }) => !scores[key]).length;
    this.finish.firstChild.textContent = left ? desk.say.left(left) : desk.say.save;
    this.finish.disabled = left > 0;
  },

  /** The principles: one open with its five anchors, the others folded to their score. */
  draw(desk) {
    const { say, language } = desk;
    this.folds.replaceChildren(
      h(
        "ol",
        { class: "principles" },
        this.list(desk).map((principle, place) => {
          const said = principle[language];
          const open = place === current;
          const score = scores[principle.key];
          return h(
            "li",
            { class: `principle ${open ? "open" : ""}` },
            h(
              "h2",
              {},
              h(
                "button",
                {
                  type: "button",
                  class: "fold",
                  "aria-expanded": String(open),
                  "aria-label": say.score(said.title, score),
                  onclick: () => this.move(desk, place),
                },
                h("span", {}, said.title),
                h("span", { class: `score ${score ? "given" : ""}` }, score ? String(score) : say.unscored),
              ),
            ),
            open
              ? h(
                  "fieldset",
                  { class: "anchors" },
                  h("legend", {}, said.about),
                  said.anchors.map((anchor, number) =>
                    h(
                      "label",
                      { class: "anchor" },
                      h("input", {
                        type: "radio",
                        name: principle.key,
                        value: String(number + 1),
                        checked: score === number + 1,
                        onchange: () => this.give(desk, number + 1, false),
                      }),
                      h("span", { class: "digit" }, String(number + 1)),
                      h("span", {}, anchor),
                    ),
                  ),
                )
              : null,
          );
        }),
      ),
      h("details", { class: "not-scored" }, h("summary", {}, say.notScored), h("ul", {}, desk.more.not_scored[language].map((line) => h("li", {}, line)))),
    );
  },

  move(desk, place) {
    current = Math.max(0, Math.min(place, this.list(desk).length - 1));
    this.draw(desk);
    const head = this.panel.querySelectorAll(".fold")[current];
    head.focus({ preventScroll: true });
    head.closest(".principle").scrollIntoView({ block: "nearest" });
  },

  /** A score by key goes on to the next principle without one; by pointer it stays, so that it can be read again. */
  give(desk, score, onward) {
    const list = this.list(desk);
    scores[list[current].key] = score;
    const said = list[current][desk.language];
    if (onward) {
      const next = list.findIndex(({ key }, place) => place > current && !scores[key]);
      const any = next >= 0 ? next : list.findIndex(({ key }) => !scores[key]);
      if (any >= 0) this.move(desk, any);
      else this.draw(desk);
    } else {
      this.panel.querySelectorAll(".score")[current].textContent = String(score);
      this.panel.querySelectorAll(".score")[current].classList.add("given");
      this.panel.querySelectorAll(".fold")[current].setAttribute("aria-label", desk.say.score(said.title, score));
    }
    this.count(desk);
    desk.announce(desk.say.score(said.title, score));
    if (onward && !this.finish.disabled) this.finish.focus({ preventScroll: true });
  },

  save(desk) {
    if (this.finish.disabled) return;
    return desk.save({ scores, note: this.written }, desk.say.saved);
  },

  press(desk, key, event) {
    const radio = event.target.matches?.("input[type=radio]");
    if (/^[1-5]$/.test(key)) this.give(desk, Number(key), true);
    else if (key === "arrowdown" && !radio) this.move(desk, current + 1);
    else if (key === "arrowup" && !radio) this.move(desk, current - 1);
    else if (key === "enter" && !event.target.matches?.("button, summary, a")) this.save(desk);
    else if (key === "n") this.note.focus();
    else return false;
    return true;
  },
};

new Desk(work).start();
