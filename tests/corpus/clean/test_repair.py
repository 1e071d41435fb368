"""Encoding, markup, spacing, boilerplate: what is repaired, and what must stay as it is."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus import Drop, Sample
from anxin.corpus.clean import CLEANING, Boilerplate, Encoding, Markup, spacing
from tests.corpus.clean.samples import GOOD, page, said, talk

LINE = "我最近总是睡不好，躺下就想工作的事。你能陪我聊聊吗？"


def document(result: object) -> str:
    assert isinstance(result, Sample), result
    return result.document


@pytest.mark.parametrize(
    "text",
    [
        "他说：“没事的……”，然后就走了！（我没有追）",
        "Ｈｅｌｌｏ，全角的字母也是他自己打的～",
        "「好」『不好』——我不知道；真的？",
        "café, naïve, 3 µm, 25 °C, “quoted”, it’s fine – really…",
        "一家人 👨‍👩‍👧 都在 ❤️",
        "浜边有人，锛子在墙上，鍙这个字我不认识。",
    ],
)
def test_what_people_write_is_not_touched(text: str) -> None:
    assert document(Encoding()(page(text))) == text


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252"])
def test_utf8_read_as_a_western_encoding_is_read_back(wrong: str) -> None:
    for text in ("It’s been a long week — café closed…", "今天"):
        broken = text.encode("utf-8").decode(wrong)
        assert broken != text
        assert document(Encoding()(page(broken))) == text


def test_utf8_read_as_gbk_is_read_back() -> None:
    for text in ("今天心里很难受，不知道该怎么办才好呢", "我没有人可以说话。你还在吗？"):
        broken = text.encode("utf-8").decode("gb18030")
        assert broken != text
        assert document(Encoding()(page(broken))) == text


def test_utf8_read_as_gbk_loses_what_was_no_pair_of_bytes() -> None:
    # Three bytes for each of an odd number of characters leave one over, and some pairs are no character of GBK.
    broken = "今天心里很难受，不知道该怎么办才好".encode().decode("gbk", "replace")
    assert document(Encoding(garbled=0.2)(page(broken))) == "今天心里很难受，不知道么办才"


def test_gbk_read_as_latin1_is_read_back() -> None:
    assert document(Encoding()(page(LINE.encode("gb2312").decode("latin-1")))) == LINE


def test_what_nobody_sees_is_removed() -> None:
    assert document(Encoding(garbled=0.2)(page("今天\ud800很累"))) == "今天很累"
    assert document(Encoding()(page("\ufeff我\u200b很\u00ad累\ue000\x07，e\u0301"))) == "我很累，é"


def test_text_lost_for_good_is_dropped_and_a_single_hole_cut_out() -> None:
    assert Encoding()(page("我\ufffd\ufffd不\ufffd道怎么办")) == Drop("garbled", "3 of 9 characters are lost")
    assert Encoding()(page("锟斤拷锟斤拷" + LINE)) == Drop("garbled", f"6 of {6 + len(LINE)} characters are lost")
    assert document(Encoding()(page(LINE * 5 + "\ufffd"))) == LINE * 5


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_repairing_twice_changes_no_more(text: str) -> None:
    once = Encoding(garbled=1.0)(page(text))
    assert isinstance(once, Sample)
    assert Encoding(garbled=1.0)(once) == once


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("我<br/>很累<BR>", "我\n很累\n"),
        ('<p class="a">一段</p><a href="x">链接</a>', "\n一段\n链接"),
        ("<script>var a = 1 < 2;</script>正文<!-- 注 -->", "\n正文\n"),
        ("A&amp;B &lt;3 &#x4f60;&nbsp;好", "A&B <3 你 好"),
        ("[b]重点[/b]和[url=http://a.b]这里[/url][img]http://c/d.png[/img]", "重点和这里"),
        ("# 标题\n**很重要**的__一点__，`代码`\n---\n[书](https://a.b/c)", "标题\n很重要的一点，代码\n\n书"),
        ("```python\nprint(1)\n```", "\nprint(1)\n"),
        ("标题\n===\n见[这里][1]和![图](a.png)。\n[1]: https://a.example/b", "标题\n\n见这里和。\n"),
    ],
)
def test_layout_is_taken_off(raw: str, plain: str) -> None:
    assert document(Markup()(page(raw))) == plain


@pytest.mark.parametrize(
    "text",
    ["我爱你 <3", "if a < b and c > d", "x <y> z", "#高考# 加油", "*叹气* 好吧", "[微笑] 你好", "2**3 = 8, 3**2 = 9",
     "a[i] + b[i]", "AT&T 和 R&D", "<我> 说：<你>", "snake_case_name", "1. 先\n- 后"],
)  # fmt: skip
def test_what_only_looks_like_layout_stays(text: str) -> None:
    assert document(Markup()(page(text))) == text


def test_markdown_may_stay() -> None:
    assert document(Markup(markdown=False)(page("**重点**<br>"))) == "**重点**\n"


def test_spacing_is_even_and_a_space_between_words_stays() -> None:
    assert document(spacing(page("  我很累 \u3000 不想说话 \r\n\n\n  真的 ，真的  "))) == "我很累 不想说话\n真的，真的"
    assert document(spacing(page("我 今 天 真 的 很 累， 你 呢 ？"))) == "我今天真的很累，你呢？"
    assert document(spacing(page("看 书 或者 睡觉"))) == "看 书 或者 睡觉"


def test_boilerplate_goes_from_a_document_and_sentences_about_it_stay() -> None:
    raw = (
        "首页 > 心理 > 睡眠\n失眠的人常说，夜是一点一点变长的。\n作者：小林\n她问医生，什么时候能好。\n"
        "版权声明：未经授权不得转载\n上一篇：午睡\nWe use cookies to improve your experience.\n"
        "作者在书里写道：睡不着，就先不睡。\n© 2021 All rights reserved"
    )
    assert document(Boilerplate()(page(raw))).split("\n") == [
        "失眠的人常说，夜是一点一点变长的。",
        "她问医生，什么时候能好。",
        "作者在书里写道：睡不着，就先不睡。",
    ]


def test_a_running_head_goes_and_a_refrain_stays() -> None:
    pages = [f"睡眠手册 第二章\n第{n}页说的是另一件事。\n“睡吧。”她说。" for n in "一二三四"]
    kept = document(Boilerplate()(page("\n".join(pages))))
    assert "睡眠手册" not in kept
    assert kept.count("“睡吧。”她说。") == 4


def test_the_phrases_of_answer_sites_are_cut_from_the_counsellor_alone() -> None:
    result = Boilerplate()(
        talk(("来", "谢邀。我很累。"), ("咨", "谢邀。听起来你很累。以上只是我的个人见解，仅供参考。"))
    )
    assert said(result) == ["来谢邀。我很累。", "咨听起来你很累。"]


@pytest.mark.parametrize("sample", GOOD)
def test_good_text_passes_every_repair_unchanged(sample: Sample) -> None:
    for step in (Encoding(), Markup(), spacing, Boilerplate()):
        assert step(sample) == sample


def test_every_step_travels_to_another_process() -> None:
    for name, step in CLEANING.items():
        made = step() if isinstance(step, type) else step
        assert pickle.loads(pickle.dumps(made)) == made, name
