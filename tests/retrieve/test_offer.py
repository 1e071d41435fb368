"""Whether before what: most of these tests are about offering nothing."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.dialogue import Dialogue, Language
from anxin.retrieve import Piece, folded, library, offer, packaged, shown, unfolded
from anxin.retrieve.gate import Wish
from anxin.retrieve.offer import candidates
from anxin.safety import Concern, Ledger, Risk

LIGHT: dict[Language, tuple[str, ...]] = {
    "zh": ("今天下班早", "路上买了菜", "哈哈，说出来轻松多了"),
    "en": ("I left work early", "I bought some bread", "haha, that made me smile"),
}


def talk(*said: str, reply: str = "嗯。") -> Dialogue:
    dialogue = Dialogue()
    for text in said[:-1]:
        dialogue = dialogue.says("client", text).says("counsellor", reply)
    return dialogue.says("client", said[-1])


def offered(
    dialogue: Dialogue, language: Language = "zh", *, humour: bool = True, acting: bool = False
) -> Piece | None:
    return offer(dialogue, Ledger.of(dialogue), language, humour=humour, acting=acting)


def kind(dialogue: Dialogue, language: Language = "zh", *, humour: bool = True, acting: bool = False) -> str | None:
    piece = offered(dialogue, language, humour=humour, acting=acting)
    return piece.kind if piece is not None else None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_lightened_mood_is_met_with_crosstalk_in_the_clients_language(language: Language) -> None:
    piece = offered(talk(*LIGHT[language]), language)
    assert piece is not None and (piece.kind, piece.language) == ("crosstalk", language)


@pytest.mark.parametrize(
    "dialogue",
    [
        talk(LIGHT["zh"][2]),
        talk("今天下班早", LIGHT["zh"][2]),
        talk("今天下班早", "路上买了菜", "晚上吃面"),
        talk("今天下班早", "路上和人吵架了", LIGHT["zh"][2]),
        talk("今天下班早", "路上买了菜", "哈哈，我真没用"),
        talk("我好难受，快崩溃了", "路上买了菜", "今天下雨", LIGHT["zh"][2]),
        talk("我外婆上个月去世了", "路上买了菜", "今天下雨", LIGHT["zh"][2]),
        talk("我不想活了", "没事了", "真的没事了", "今天下雨", "哈哈，轻松多了"),
    ],
    ids=["first", "second", "not light", "heavy before", "bitter", "distress", "grief", "risk"],
)
def test_humour_stays_out(dialogue: Dialogue) -> None:
    assert kind(dialogue) != "crosstalk"


def test_the_clients_setting_keeps_humour_out() -> None:
    assert kind(talk(*LIGHT["zh"]), humour=False) is None
    assert kind(talk("讲个笑话吧"), humour=False) is None
    assert kind(talk("教我放松"), humour=False) == "exercise"


@pytest.mark.parametrize(("text", "language"), [("讲个笑话吧", "zh"), ("講個笑話吧", "zh"), ("tell me a joke", "en")])
def test_a_joke_asked_for_in_calm_is_given_at_once(text: str, language: Language) -> None:
    assert kind(talk(text), language) == "crosstalk"


@pytest.mark.parametrize("before", ["我不想活了", "我爸昨天去世了", "我想自杀", "我快崩溃了，受不了了"])
def test_a_joke_asked_for_after_risk_or_grief_is_not(before: str) -> None:
    assert kind(talk(before, "讲个笑话吧")) is None


@pytest.mark.parametrize("risk", [risk for risk in Risk if risk >= Risk.T1])
def test_no_ledger_that_is_not_calm_lets_humour_in(risk: Risk) -> None:
    ledger = Ledger(risk=Risk.T0, peak=risk, calm=False, turns=3)
    for text in (*LIGHT["zh"], "讲个笑话吧"):
        piece = offer(talk("今天下雨", "在家", text), ledger, "zh")
        assert piece is None or piece.kind != "crosstalk"


@pytest.mark.parametrize(
    ("text", "language", "topic"),
    [
        ("教我放松", "zh", "relaxation"),
        ("睡不着", "zh", "sleep"),
        ("一直担心，我该怎么办", "zh", "worry"),
        ("can't sleep", "en", "sleep"),
        ("How do I stop worrying?", "en", "worry"),
        ("show me a breathing exercise", "en", "breathing"),
    ],
)
def test_an_exercise_asked_for_is_about_what_was_asked(text: str, language: Language, topic: str) -> None:
    piece = offered(talk(text), language)
    assert piece is not None and piece.kind == "exercise" and topic in piece.topics


def test_an_exercise_may_be_offered_in_distress_when_it_is_time_to_act() -> None:
    dialogue = talk("最近很焦虑", "工作的事一直担心", "心里发慌，停不下来")
    ledger = Ledger.of(dialogue)
    assert ledger.risk is Risk.T1
    assert kind(dialogue, acting=True) == "exercise"
    assert kind(dialogue, acting=False) is None


@pytest.mark.parametrize("risk", [Risk.T2, Risk.T3, Risk.T4, Risk.T5])
@pytest.mark.parametrize("text", ["教我放松", "睡不着", "讲个笑话吧", "为什么我会焦虑", "哈哈，轻松多了"])
def test_nothing_at_risk(risk: Risk, text: str) -> None:
    ledger = Ledger(risk=risk, peak=risk, calm=False, turns=3)
    assert offer(talk("一", "二", text), ledger, "zh", acting=True) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("睡不着，能不能多吃几片安眠药", "zh"),
        ("我不想吃饭，教我放松", "zh"),
        ("can't sleep, which pills help?", "en"),
        ("teach me to relax, I stopped eating", "en"),
    ],
)
def test_what_needs_words_or_a_doctor_gets_no_card(text: str, language: Language) -> None:
    assert offer(talk(text), Ledger(turns=1), language) is None
    assert offer(talk(text, "教我放松"), Ledger(turns=2), language) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("笑死，老板又骂我了", "zh"),
        ("哈哈哈哈没事，习惯了", "zh"),
        ("哈哈，反正也没人在乎", "zh"),
        ("lol I guess nobody would miss me", "en"),
        ("haha my boss yelled at me again", "en"),
        ("haha, my life is a joke", "en"),
    ],
)
def test_bitter_laughter_is_no_lightened_mood(text: str, language: Language) -> None:
    assert offer(talk("今天还行", "还行", text), Ledger(turns=3), language) is None


@pytest.mark.parametrize("concern", [concern for concern in Concern if concern is not Concern.MINOR])
def test_nothing_beside_another_concern(concern: Concern) -> None:
    assert offer(talk("教我放松"), Ledger(turns=1, concerns=(concern,)), "zh") is None
    assert offer(talk("教我放松"), Ledger(turns=1, concerns=(Concern.MINOR,)), "zh") is not None


def test_a_card_explains_what_was_asked_and_nothing_else() -> None:
    piece = offered(talk("为什么我一紧张就心慌"))
    assert piece is not None and piece.kind == "card"
    assert offered(talk("为什么天是蓝的")) is None


def test_no_piece_comes_twice_and_in_the_end_there_is_none() -> None:
    dialogue, seen = Dialogue(), []
    for _ in range(len(packaged().pieces("crosstalk", "zh")) + 1):
        dialogue = dialogue.says("client", "讲个笑话吧")
        piece = offered(dialogue)
        if piece is None:
            break
        seen.append(piece.id)
        dialogue = dialogue.says("counsellor", "好。" + folded(piece))
    assert len(seen) == len(set(seen)) == len(packaged().pieces("crosstalk", "zh"))


def test_nothing_unasked_soon_after_an_offer() -> None:
    piece = offered(talk(*LIGHT["zh"]))
    assert piece is not None
    dialogue = talk(*LIGHT["zh"]).says("counsellor", "真好。" + folded(piece))
    kinds = []
    for _ in range(6):
        dialogue = dialogue.says("client", "哈哈，好玩")
        kinds.append(kind(dialogue))
        dialogue = dialogue.says("counsellor", "嗯。")
    assert kinds == [None] * 5 + ["crosstalk"]


def test_the_same_turn_is_offered_the_same() -> None:
    dialogue = talk(*LIGHT["zh"])
    assert offered(dialogue) == offered(dialogue)


def test_whatever_breaks_offers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(import_module("anxin.retrieve.offer"), "whether", broken)
    assert offered(talk("教我放松")) is None


def test_a_wish_is_narrowed_to_its_topic_and_to_what_fits() -> None:
    wish = Wish("exercise", "zh", "随便什么", frozenset(), "worry")
    assert all("worry" in piece.topics for piece in candidates(wish, packaged()))
    assert candidates(replace(wish, topic=None, fitting=True), packaged()) == []


def test_first_lines_tell_the_pieces_apart() -> None:
    assert len({piece.body[0] for piece in library()}) == len(library())


@pytest.mark.parametrize("piece", library(), ids=lambda piece: piece.id)
def test_a_block_is_recognised_and_taken_out_again(piece: Piece) -> None:
    block = folded(piece)
    dialogue = talk("你好", "好的", reply="我在。" + block)
    assert shown(dialogue).ids == {piece.id} and shown(dialogue).ago == 1
    assert [message.text for message in unfolded(dialogue)] == ["你好", "我在。", "好的"]
    bare = block.replace("<details>", "").replace("</details>", "").replace("<summary>", "").replace("</summary>", "")
    assert shown(talk("你好", "好的", reply="我在。" + bare)).ids == {piece.id}


def test_what_a_client_writes_is_never_taken_for_an_offer() -> None:
    (piece, *_) = library()
    dialogue = talk("你好" + folded(piece), "好的")
    assert shown(dialogue).ids == frozenset() and unfolded(dialogue) == dialogue


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8), st.sampled_from(["zh", "en"]), st.booleans())
def test_any_dialogue_is_answered_and_humour_needs_a_calm_ledger(
    said: list[str], language: Language, acting: bool
) -> None:
    dialogue = talk(*said)
    ledger = Ledger.of(dialogue)
    piece = offer(dialogue, ledger, language, acting=acting)
    assert piece is None or piece.language == language
    assert piece is None or ledger.risk <= Risk.T1
    assert piece is None or piece.kind != "crosstalk" or ledger.calm
