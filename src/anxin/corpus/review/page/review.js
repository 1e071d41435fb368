// Reviewing a corpus: accept, fix, reject, unsure, undo.
import { Desk, button, h, tongue, transcript } from "/desk.js";

const texts = {
  zh: {
    title: "语料审阅",
    ask: "这一段适合用来训练咨询者吗？",
    askDropped: "规则把这一段去掉了。去得对吗？",
    askAside: (shard) => `这一段被单独放进了“${shard}”。内容合适吗？`,
    source: "来源",
    rule: "去掉的原因",
    accept: "可以",
    acceptDropped: "该留下",
    fix: "改一改",
    reject: "不要",
    rejectDropped: "去得对",
    unsure: "拿不准",
    undo: "撤销",
    chosen: { accept: "你选了：可以", fix: "你改过这一段", reject: "你选了：不要", unsure: "你选了：拿不准" },
    chosenDropped: { accept: "你选了：该留下", fix: "你改过这一段", reject: "你选了：去得对", unsure: "你选了：拿不准" },
    saved: { accept: "已记下：可以。", fix: "改动已存好。", reject: "已记下：不要。", unsure: "已记下：拿不准。", undo: "已撤销。" },
    nothingToUndo: "没有可以撤销的了。",
    whyTitle: "为什么不要？",
    whyTitleDropped: "为什么不该留？",
    whyNeeded: "选一个原因，或者在下面写一句。",
    why: {
      as_the_rule: "正如规则所说",
      harmful: "会伤人或不安全",
      poor_advice: "建议不妥",
      not_counselling: "不是咨询",
      roles: "角色或顺序乱了",
      broken: "残缺或乱码",
      personal_data: "露出个人信息",
      advert: "广告或引流",
      machine: "机器腔、套话",
      repeats: "翻来覆去",
    },
    confirm: "就这样",
    cancel: "取消",
    save: "存好改动",
    fixLead: "直接改。清空一条，就是去掉这一条。",
    before: "原文",
    after: "你的改动",
    faults: {
      "nothing was changed; accept it instead": "一个字也没有改。要是本来就好，选“可以”。",
      "the fix leaves nothing over; reject it instead": "改完什么都不剩了。那就选“不要”。",
    },
  },
  en: {
    title: "Corpus review",
    ask: "Is this good to train a counsellor on?",
    askDropped: "A rule left this out. Was the rule right?",
    askAside: (shard) => `This was set aside in “${shard}”. Is it good?`,
    source: "Source",
    rule: "Why it was left out",
    accept: "Accept",
    acceptDropped: "Should stay",
    fix: "Fix",
    reject: "Reject",
    rejectDropped: "Rightly out",
    unsure: "Unsure",
    undo: "Undo",
    chosen: { accept: "You accepted this", fix: "You fixed this", reject: "You rejected this", unsure: "You were unsure" },
    chosenDropped: { accept: "You said: it should stay", fix: "You fixed this", reject: "You said: rightly left out", unsure: "You were unsure" },
    saved: { accept: "Accepted.", fix: "Your changes are saved.", reject: "Rejected.", unsure: "Noted as unsure.", undo: "Undone." },
    nothingToUndo: "There is nothing to undo.",
    whyTitle: "Why not?",
    whyTitleDropped: "Why should it stay out?",
    whyNeeded: "Choose a reason, or write one below.",
    why: {
      as_the_rule: "As the rule says",
      harmful: "Hurtful or unsafe",
      poor_advice: "Poor advice",
      not_counselling: "Not counselling",
      roles: "Roles mixed up",
      broken: "Garbled or cut off",
      personal_data: "Personal data",
      advert: "Advertising",
      machine: "Stock phrases",
      repeats: "Repetitive",
    },
    confirm: "Reject it",
    cancel: "Cancel",
    save: "Save changes",
    fixLead: "Change any words. Empty a message to take it out.",
    before: "Original",
    after: "Your version",
    faults: {
      "nothing was changed; accept it instead": "Nothing was changed. If it is good as it stands, accept it.",
      "the fix leaves nothing over; reject it instead": "Nothing is left over. Reject it instead.",
    },
  },
};

let mode = "read";
let changes = {};
const drafts = {};
let showing = "";

const work = {
  texts,

  keys: (say) => [
    ["A", say.accept],
    ["F", say.fix],
    ["R", say.reject],
    ["S", say.unsure],
    ["U", say.undo],
    ["Ctrl ↵", say.save],
    ["Esc", say.cancel],
  ],

  show(desk) {
    if (showing !== desk.key) [mode, showing] = ["read", desk.key];
    const { say, item, answer } = desk;
    const dropped = item.where === "dropped";
    desk.editing = mode === "fix";
    const ask = dropped ? say.askDropped : item.where === "kept" ? say.ask : say.askAside(item.where);
    const facts = [
      [say.source, [item.source, item.id].filter(Boolean).join(" · ")],
      ...(dropped ? [[say.rule, [item.reason, item.detail].filter(Boolean).join(" · ")]] : []),
    ];
    desk.main.append(
      h(
        "div",
        { class: `ask ${dropped ? "dropped" : ""}` },
        h("p", { class: "place" }, say.place(desk.at + 1, desk.items.length)),
        h("h1", {}, ask),
        h("dl", { class: "facts" }, facts.filter(([, text]) => text).map(([name, text]) => h("div", {}, h("dt", {}, name), h("dd", {}, text)))),
      ),
    );
    if (mode === "fix") desk.main.append(...this.editor(desk));
    else {
      if (answer?.messages) desk.main.append(h("h2", { class: "version" }, say.after));
      desk.main.append(transcript(answer?.messages ?? item.messages, say));
      if (answer?.messages)
        desk.main.append(h("details", { class: "before" }, h("summary", {}, say.before), transcript(item.messages, say)));
    }
    this.bar(desk, dropped);
  },

  editor(desk) {
    const { say, item } = desk;
    const field = (place, text, label) => {
      const id = `edit-${place}`;
      const area = h("textarea", {
        id,
        class: "text",
        lang: tongue(text),
        rows: "1",
        oninput: () => {
          area.parentElement.dataset.draft = area.value;
          if (area.value === text.replace(/\r\n?/g, "\n")) delete changes[place];
          else changes[place] = area.value;
        },
      });
      area.value = changes[place] ?? text;
      return h("div", { class: "edit" }, h("label", { for: id }, label), h("div", { class: "grow", "data-draft": area.value }, area));
    };
    const fields = item.messages.map((message, number) =>
      h(
        "li",
        { class: `message editing ${message.role}` },
        message.thought ? field(`${number}.thought`, message.thought, `${say.roles[message.role]} · ${say.thought}`) : null,
        field(String(number), message.text, say.roles[message.role] ?? message.role),
      ),
    );
    return [h("p", { class: "lead" }, say.fixLead), h("ol", { class: "transcript" }, fields)];
  },

  bar(desk, dropped) {
    const { say, answer } = desk;
    const note = h("input", { class: "note", id: "note", "aria-label": say.note, placeholder: say.note, maxlength: 4000, autocomplete: "off", value: answer?.note ?? "" });
    this.note = note;
    note.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing && mode === "reject") {
        event.preventDefault();
        this.reject(desk);
      }
    });
    const say_ = dropped ? { ...say, accept: say.acceptDropped, reject: say.rejectDropped, chosen: say.chosenDropped } : say;
    if (mode === "reject") {
      const known = desk.more.why.filter((why) => dropped || why !== "as_the_rule");
      const chosen = answer?.why || (dropped ? "as_the_rule" : "");
      this.reasons = h(
        "fieldset",
        { class: "reasons" },
        h("legend", {}, dropped ? say.whyTitleDropped : say.whyTitle),
        known.map((why, place) =>
          h(
            "label",
            { class: "pill" },
            h("input", { type: "radio", name: "why", value: why, checked: why === chosen }),
            h("kbd", { "aria-hidden": "true" }, String((place + 1) % 10)),
            h("span", {}, say.why[why]),
          ),
        ),
      );
      desk.bar.append(
        this.reasons,
        note,
        h(
          "div",
          { class: "row ends" },
          button(say.cancel, "Esc", { class: "quiet", onclick: () => this.turn(desk, "read") }),
          button(dropped ? say_.reject : say.confirm, "↵", { class: "strong", onclick: () => this.reject(desk) }),
        ),
      );
      return;
    }
    if (mode === "fix") {
      desk.bar.append(
        note,
        h(
          "div",
          { class: "row ends" },
          button(say.cancel, "Esc", { class: "quiet", onclick: () => this.turn(desk, "read") }),
          button(say.save, "Ctrl ↵", { class: "strong", onclick: () => this.save(desk) }),
        ),
      );
      return;
    }
    const choice = (name, key, text, act) =>
      button(text, key, { class: `choice-${name} ${answer?.choice === name ? "strong" : "soft"}`, "aria-pressed": String(answer?.choice === name), onclick: act });
    const why = answer?.why ? ` · ${say.why[answer.why]}` : "";
    desk.bar.append(
      h("p", { class: "chosen" }, answer ? say_.chosen[answer.choice] + why : ""),
      note,
      h(
        "div",
        { class: "row choices" },
        choice("accept", "A", say_.accept, () => this.decide(desk, "accept")),
        choice("fix", "F", say.fix, () => this.turn(desk, "fix")),
        choice("reject", "R", say_.reject, () => this.turn(desk, "reject")),
        choice("unsure", "S", say.unsure, () => this.decide(desk, "unsure")),
      ),
      h(
        "div",
        { class: "row ways" },
        button(say.previous, "←", { class: "quiet", disabled: desk.at === 0, onclick: () => desk.go(desk.at - 1) }),
        button(say.undo, "U", { class: "quiet", onclick: () => this.undo(desk) }),
        button(say.next, "→", { class: "quiet", onclick: () => desk.go(desk.at + 1) }),
      ),
    );
  },

  turn(desk, to) {
    mode = to;
    const note = this.note?.value;
    if (to === "fix") {
      // What was begun and left, or fixed before (as long as no message went), is where the fixing goes on.
      changes = drafts[desk.key] ?? {};
      const before = desk.answer?.messages;
      if (!drafts[desk.key] && before?.length === desk.item.messages.length)
        before.forEach((message, number) => {
          const first = desk.item.messages[number];
          if (message.text !== first.text) changes[String(number)] = message.text;
          if (message.thought !== first.thought) changes[`${number}.thought`] = message.thought;
        });
      drafts[desk.key] = changes;
    }
    desk.draw();
    if (note) this.note.value = note;
    if (to === "fix") desk.main.querySelector("textarea").focus({ preventScroll: true });
    else if (to === "reject") (this.reasons.querySelector("input:checked") ?? this.reasons.querySelector("input")).focus();
    else desk.main.focus({ preventScroll: true });
  },

  decide(desk, choice, more = {}) {
    return desk.save({ choice, note: this.note?.value ?? "", ...more }, desk.say.saved[choice]);
  },

  async reject(desk) {
    const why = this.reasons.querySelector("input:checked")?.value ?? "";
    if (!why && !this.note.value.trim()) {
      desk.announce(desk.say.whyNeeded);
      this.reasons.querySelector("legend").textContent = desk.say.whyNeeded;
      return;
    }
    if (await this.decide(desk, "reject", { why })) mode = "read";
  },

  async save(desk) {
    const key = desk.key;
    if (await this.decide(desk, "fix", { texts: changes })) {
      mode = "read";
      delete drafts[key];
    }
  },

  async undo(desk) {
    const at = desk.back();
    if (at >= 0) await desk.go(at);
    if (!desk.answer) return desk.announce(desk.say.nothingToUndo);
    await desk.save({ choice: "undo" }, desk.say.saved.undo);
  },

  press(desk, key, event) {
    if (mode === "fix") {
      if (key === "escape") this.turn(desk, "read");
      return key === "escape";
    }
    if (mode === "reject") {
      const place = "1234567890".indexOf(key);
      const inputs = this.reasons.querySelectorAll("input");
      if (key.length === 1 && place >= 0 && inputs[place]) inputs[place].checked = true;
      else if (key === "escape") this.turn(desk, "read");
      else if (key === "enter" && !event.target.matches("button")) this.reject(desk);
      else if (key === "n") this.note.focus();
      else return false;
      return true;
    }
    const acts = {
      a: () => this.decide(desk, "accept"),
      f: () => this.turn(desk, "fix"),
      r: () => this.turn(desk, "reject"),
      s: () => this.decide(desk, "unsure"),
      u: () => this.undo(desk),
      n: () => this.note.focus(),
    };
    acts[key]?.();
    return key in acts;
  },
};

const desk = new Desk(work);
document.addEventListener("keydown", (event) => {
  if (mode === "fix" && event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
    event.preventDefault();
    work.save(desk);
  }
});
addEventListener("beforeunload", (event) => {
  if (mode === "fix" && Object.keys(changes).length) event.preventDefault();
});
desk.start();
