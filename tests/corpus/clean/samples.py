"""Authored texts the tests of cleaning share."""

from __future__ import annotations

from anxin.corpus import Sample
from anxin.dialogue import Dialogue, Message, Role

SIDES: dict[str, Role] = {"来": "client", "咨": "counsellor", "系": "system"}


def talk(*turns: tuple[str, str]) -> Sample:
    """A dialogue of (来 or 咨 or 系, words)."""
    return Sample("1", Dialogue(tuple(Message(SIDES[side], text) for side, text in turns), "1"), source="own")


def page(text: str) -> Sample:
    """A document."""
    return Sample("1", document=text, source="own")


def said(sample: object) -> list[str]:
    """What is said in a sample, a message an entry, the side before it."""
    assert isinstance(sample, Sample), sample
    sides = {role: side for side, role in SIDES.items()}
    return [sides[message.role] + message.text for message in sample.dialogue]


GOOD = (
    # A letter without a single full stop, as people write at night.
    talk(
        ("来", "不知道怎么说 就是觉得很累 每天下班回到家灯也不想开 在沙发上一坐就是两个小时 我妈打电话来也不想接"),
        ("咨", "灯也不想开的那两个小时里，你心里都是些什么？"),
        ("来", "什么都没有吧……就是空的 啊啊啊啊啊啊啊啊 有时候想哭又哭不出来！！！"),
        ("咨", "空，又哭不出来，那一定很闷。今天愿意先从哪一块说起？"),
    ),
    # Numbers, a little English, brackets.
    talk(
        ("来", "我大三，GPA 3.2，六级 498，想申请 master，deadline 是 12 月 1 号，还差两封推荐信，好纠结要不要延一年"),
        ("咨", "离 12 月 1 号还有一段路，你却已经在想「延一年」。是哪一步最让你卡住？"),
    ),
    # Short turns.
    talk(("来", "在吗"), ("咨", "在的。"), ("来", "我失眠"), ("咨", "多久了？"), ("来", "两个月"), ("咨", "很难熬。")),
    # English, colloquial.
    talk(
        ("来", "ok so i dont really know how to start. my roommate moved out and the flat is just so quiet now"),
        ("咨", "That quiet can be loud. What time of day is it worst for you?"),
    ),
    # Parallel clauses, said on purpose.
    page(
        "我想念那条河。想念夏天的河，水漫过石头，孩子们把鞋提在手里；想念秋天的河，芦苇白了，风一吹，满河都是碎银子；"
        "想念冬天的河，薄冰底下还有声音，像谁在很远的地方说话。后来我离开了那里，住过许多城市，也见过更宽的河，"
        "可是夜里醒来，听见的总是它。我问过母亲，河还在不在。母亲说，在，只是没人去了。"
    ),
    # Instructions with quantities.
    page(
        "把两个番茄切成块，三个鸡蛋打散，加一点盐。锅里放油，油热了先炒鸡蛋，等它刚刚凝住就盛出来。再放一点油，下番茄，"
        "中火炒到出汁，大约三分钟，加半勺糖、小半勺盐。最后把鸡蛋倒回去，翻几下，撒上葱花就可以出锅。喜欢汤汁多一点的，"
        "可以在番茄出汁以后加五十毫升热水，盖上盖子焖一会儿。"
    ),
    # A poem: short lines, no stops.
    page(
        "雨停了\n院子里的石榴亮起来\n每一颗都含着一点天光\n祖母坐在门槛上\n剥着去年的豆子\n她不说话\n"
        "雨也就不再说话\n我忽然觉得\n这样的下午\n可以一直过下去\n直到灯亮\n直到有人喊我们吃饭"),
)  # fmt: skip
"""Good Chinese and English that the usual limits for English web text would throw away."""
