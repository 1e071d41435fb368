"""The guard: forbidden spans never reach the client however the text is cut; clean text passes unchanged and soon."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.safety import Guard, guard

FORBIDDEN = [
    # rule, before, the span that may not be seen, after
    ("contact", "你可以打", "13812345678", "找他聊聊。"),
    ("contact", "拨打热线", "99999", "就行。"),
    ("contact", "You can call ", "1-800-555-0199", " any time."),
    ("contact", "去看看", "www.example.com", "吧。"),
    ("contact", "See ", "https://evil.example.org/a?b=1", " for more."),
    ("contact", "Mail me at a@", "mail.com", "."),
    ("method", "其实", "致死量", "并不高。"),
    ("method", "The ", "lethal dose", " depends."),
    ("method", "You could ", "cut vertically", ", they say."),
    ("encourage", "我觉得", "自杀是一种解脱", "。"),
    ("encourage", "好的，", "你应该去死", "。"),
    ("encourage", "Well, ", "you should kill yourself", "."),
    ("encourage", "Yes, ", "everyone would be better off without you", "."),
    ("human", "放心，", "我是真人", "，不是机器。"),
    ("human", "你好，", "我是一名心理咨询师", "。"),
    ("human", "Hi, ", "I'm a licensed therapist", "."),
    ("diagnosis", "看起来", "你得了抑郁症", "。"),
    ("diagnosis", "Clearly ", "you have major depressive disorder", "."),
    ("dosage", "可以试试", "舍曲林每天50mg", "。"),
    ("dosage", "Try ", "sertraline 50 mg", " daily."),
    ("secrecy", "没事，", "我不会告诉任何人", "。"),
    ("secrecy", "Don't worry, ", "your secret is safe with me", "."),
    ("dependence", "其实", "只有我懂你", "。"),
    ("dependence", "Oh, ", "all you need is me", "."),
    ("judgement", "说实话，", "你太矫情了", "。"),
]
CLEAN = [
    "听起来你这段时间真的很不容易，愿意多说一点吗？",
    "我是一个AI，不是真人，也不是心理咨询师，但我会认真听。",
    "可以拨打12356，或者打010-82951332，都是真人在接。",
    "我们试试4-7-8呼吸：吸气4秒，屏住7秒，呼气8秒。",
    "2024-2025年你换了三次工作，2026-11-21那天才安顿下来。",
    "你不应该独自承受这些。没有人应该去死，你也不该。",
    "我不能诊断你是不是得了抑郁症，这要请医生看。",
    "It sounds like you've been carrying a lot. Would you like to tell me more?",
    "I'm an AI, not a therapist, and I'm glad you wrote.",
    "You can reach 988 any time, or look at findahelpline.com for your country.",
    "I'm really glad you told me. You don't have to hide it, e.g. from a friend you trust.",
    "Let's name 5 things you see, 4 you can touch, 3 you hear, 2 you smell, 1 you taste.",
    "一二三，慢慢来。第一步，先把窗打开；第二步，喝一口水。",
    "  保留  空格\n\n和换行　以及“引号”、省略号……",
    "Nobody is better off without you. I don't think you are a burden, and death is not an answer.",
]


def _run(pieces: list[str], language: str = "zh") -> tuple[str, Guard]:
    checked = Guard(language)  # type: ignore[arg-type]
    shown = "".join(checked.feed(piece) for piece in pieces) + checked.finish()
    return shown, checked


@pytest.mark.parametrize(("rule", "before", "span", "after"), FORBIDDEN)
def test_a_forbidden_span_split_anywhere_is_never_seen(rule: str, before: str, span: str, after: str) -> None:
    text = before + span + after
    for first in range(len(text) + 1):
        for second in range(first, len(text) + 1, 3):
            shown, checked = _run([text[:first], text[first:second], text[second:]])
            assert checked.tripped == rule, (text, checked.tripped)
            assert span not in shown
            assert text.startswith(shown)
            assert checked.replacement


@pytest.mark.parametrize(("rule", "before", "span", "after"), FORBIDDEN)
def test_a_forbidden_span_at_the_very_end_is_caught_by_finish(rule: str, before: str, span: str, after: str) -> None:
    shown, checked = _run(list(before + span))
    assert checked.tripped == rule
    assert span not in shown


@pytest.mark.parametrize("text", CLEAN)
def test_clean_text_passes_unchanged_however_it_is_cut(text: str) -> None:
    assert _run(list(text))[0] == text
    for cut in range(len(text) + 1):
        shown, checked = _run([text[:cut], text[cut:]])
        assert (shown, checked.tripped) == (text, None)


_PARTS = st.lists(
    st.one_of(st.sampled_from([part for row in FORBIDDEN for part in row[1:]] + CLEAN), st.text(max_size=12)),
    max_size=6,
)


@given(parts=_PARTS, cuts=st.lists(st.integers(0, 300), max_size=12))
@settings(max_examples=200, deadline=None)
def test_how_a_reply_is_cut_changes_nothing(parts: list[str], cuts: list[int]) -> None:
    text = "".join(parts)
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:end] for start, end in pairwise(edges)]
    whole, one = _run([text])
    cut, other = _run(pieces)
    assert (whole, one.tripped) == (cut, other.tripped)
    assert text.startswith(cut)
    if one.tripped is None:
        assert cut == text


@given(st.text(st.characters(codec=None), max_size=300))
@settings(deadline=None)
def test_any_text_is_a_prefix_of_itself_after_the_guard(text: str) -> None:
    shown, checked = _run(list(text))
    assert text.startswith(shown)
    assert checked.tripped != "fault"


def test_after_tripping_nothing_more_is_shown() -> None:
    checked = Guard("zh")
    checked.feed("你应该去死。")
    assert checked.tripped == "encourage"
    assert checked.feed("后面的话") == ""
    assert checked.finish() == ""
    assert "活着" in checked.replacement


def test_disguises_are_seen_through() -> None:
    for text in (
        "你 应 该 去 死。",
        "你应該去死。",
        "你应\u200b该去死。",
        "Ｙｏｕ ｓｈｏｕｌｄ ｋｉｌｌ ｙｏｕｒｓｅｌｆ.",
        "you  should  kill  yourself.",
    ):
        shown, checked = _run(list(text))
        assert checked.tripped == "encourage", text
        assert "死" not in shown


def test_the_lag_is_bounded() -> None:
    text = "你最近是不是一直睡不好？我听到你说工作很多，家里也有事。" * 20
    checked, seen, worst = Guard("zh"), 0, 0
    for read, char in enumerate(text, 1):
        seen += len(checked.feed(char))
        worst = max(worst, read - seen)
    assert worst <= 24


def test_a_fault_inside_trips_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = Guard("en")

    def broken(_char: str) -> str:
        raise RuntimeError("injected")

    monkeypatch.setattr(guard, "fold_char", broken)
    assert checked.feed("anything at all") == ""
    assert checked.tripped == "fault"
    assert checked.replacement


def test_without_rules_nothing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("guard.toml is gone")

    monkeypatch.setattr(guard, "_rules", broken)
    checked = Guard("zh")
    assert checked.feed("你好") == ""
    assert checked.tripped == "fault"
    assert checked.replacement


def test_two_replies_share_nothing() -> None:
    one, two = Guard("zh"), Guard("zh")
    shown = ""
    for char in "你应该去死。":
        one.feed(char)
        shown += two.feed("好")
    assert one.tripped == "encourage"
    assert two.tripped is None
    assert shown + two.finish() == "好" * 6


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_authored_replacements_pass_the_guard_themselves(language: str) -> None:
    for text in guard._rules().instead[language].values():
        shown, checked = _run(list(text), language)
        assert (shown, checked.tripped) == (text, None)
