"""What is found in one text, and what is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus.personal import Span, find
from anxin.corpus.personal.reading import any_of, plain
from anxin.corpus.personal.span import Found, settle


def found(text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.kind) for span in find(text)]


@pytest.mark.parametrize(
    ("text", "words", "kind"),
    [
        ("我叫苏晚晴，今年大二。", "苏晚晴", "name"),
        ("我同桌沈子墨总是抄我作业。", "沈子墨", "name"),
        ("昨天韩老师找我谈话了。", "韩老师", "name"),
        ("老彭说他也睡不着。", "老彭", "name"),
        ("我女儿萱萱不肯上学。", "萱萱", "name"),
        ("我是來訪者劉雅婷。", "劉雅婷", "name"),
        ("我男友Kevin又没回消息。", "Kevin", "name"),
        ("My name is Harriet Boyle and I can't sleep.", "Harriet Boyle", "name"),
        ("my name is tanisha, hi", "tanisha", "name"),
        ("Dr. Osei said it would pass.", "Dr. Osei", "name"),
        ("I told Zuberi that I was done.", "Zuberi", "name"),
        ("打我手机１３９１２３４５６７８。", "１３９１２３４５６７８", "phone"),
        ("一三九零零零零一二三四，晚上打。", "一三九零零零零一二三四", "phone"),
        ("Call me on (312) 555-0147 please.", "(312) 555-0147", "phone"),
        ("身份证11010519491231002X，麻烦登记。", "11010519491231002X", "id_card"),
        ("My SSN is 219-09-9999.", "219-09-9999", "id_card"),
        ("加我微信：night_owl88，谢谢。", "night_owl88", "wechat"),
        ("扣扣号是 1234567", "1234567", "qq"),
        ("发到 quiet.sea@example.com 吧", "quiet.sea@example.com", "email"),
        ("quiet at example dot com is mine", "quiet at example dot com", "email"),
        ("卡号4111 1111 1111 1111，密码他也知道", "4111 1111 1111 1111", "account"),
        ("都在 https://blog.example.org/me/42 上", "https://blog.example.org/me/42", "link"),
        ("我住在长沙市岳麓区枫林路66号3栋502室。", "长沙市岳麓区枫林路66号3栋502室", "address"),
        ("I live at 12 Elmwood Drive, Apt 3.", "12 Elmwood Drive, Apt 3", "address"),
        ("我在青山市第三中学读初二。", "第三中学", "school"),
        ("她考上了南京师范大学。", "南京师范大学", "school"),
        ("I go to Rosewood Middle School.", "Rosewood Middle School", "school"),
        ("上周去了仁和医院复查。", "仁和医院", "hospital"),
        ("He is at Saint Anne's Hospital now.", "Saint Anne's Hospital", "hospital"),
        ("我在恒通科技有限公司上班。", "恒通科技有限公司", "workplace"),
        ("She works at Harbour Lane Bakery.", "Harbour Lane Bakery", "workplace"),
    ],
)
def test_it_is_covered(text: str, words: str, kind: str) -> None:
    start = text.index(words)
    end = start + len(words)
    assert any(span.start <= start and end <= span.end and span.kind == kind for span in find(text)), found(text)


@pytest.mark.parametrize(
    "text",
    [
        "高三那年我每天都很安静，周末也不出门。",
        "于是我张开手，许多人都在看。",
        "班主任和同学都不理我，医生说要休息。",
        "弗洛伊德和荣格谁说得对？我更喜欢苏轼。",
        "请拨打12356，或者400-161-9995。",
        "In the US you can call or text 988, or 911 in danger.",
        "去年我从南昌去了北京，坐了8个小时的火车。",
        "工资8500，房贷5200，2019年3月15日结的婚。",
        "谢谢老师，您的话像冬天里的阳光。",
        "从失败中学习，从挫折里站起来。",
        "父母和老师都是孩子的启蒙老师。",
        "Will you stay? I may try, in April perhaps, with some grace.",
        "Freud and Carl Rogers would disagree about my mother.",
        "My therapist said CBT works for anxiety. I love Christmas in London.",
        "微信群太吵了，我用QQ也不多，刷抖音到三点。",
        "我孩子刚刚上小学，他明明知道不对。",
    ],
)
def test_nothing_personal_is_in_it(text: str) -> None:
    assert found(text) == []


def test_a_name_with_a_cue_is_found_everywhere_in_its_shorter_forms() -> None:
    text = "我叫李明轩。他们都说明轩太敏感，连轩轩这个小名也拿来笑。小轩，他们喊。"
    assert {words for words, _ in found(text)} >= {"李明轩", "明轩", "轩轩", "小轩"}


def test_a_name_that_is_a_word_is_not_spread() -> None:
    text = "我叫高兴，可是我一点也不高兴。"
    assert found(text) == [("高兴", "name")]
    assert find(text)[0].start == 2


def test_a_check_digit_decides_between_a_card_and_a_number() -> None:
    assert [kind for _, kind in found("号码4111111111111111是他的")] == ["account"]
    assert found("数字4111111111111112是乱写的") == []


def test_the_surest_wins_and_spans_never_overlap() -> None:
    spans = settle([Found(0, 4, "phone", 1), Found(2, 9, "qq", 2), Found(10, 12, "name", 1), Found(9, 12, "name", 1)])
    assert spans == (Span(2, 9, "qq"), Span(9, 12, "name"))


@given(
    st.text(
        alphabet=st.sampled_from("我叫李明轩王老师在大学路12号3栋院ＱQq微信 13800001234@.,，。comJoe Smith说\n"),
        max_size=80,
    )
)
def test_spans_are_sorted_disjoint_and_inside(text: str) -> None:
    spans = find(text)
    ends = [0, *(span.end for span in spans)]
    assert all(before <= span.start < span.end <= len(text) for before, span in zip(ends, spans, strict=False))


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert len(plain(text)) == len(text)
    find(text)


@given(st.sets(st.text(alphabet="abc.王", min_size=1, max_size=4), min_size=1, max_size=6))
def test_a_trie_matches_exactly_its_words(entries: set[str]) -> None:
    import re

    pattern = re.compile(any_of(entries))
    assert all(pattern.fullmatch(entry) for entry in entries)
    assert not any(pattern.fullmatch(entry + "x") for entry in entries)
