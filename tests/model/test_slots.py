from __future__ import annotations

from anxin.dialogue import Message
from anxin.model.slots import Slots

KIND, OTHER = Message("system", "be kind"), Message("system", "be brief")
ANN, BEN = Message("client", "I am Ann"), Message("client", "I am Ben")


def test_a_dialogue_returns_to_its_slot_then_to_its_system_prompt_then_to_the_longest_unused() -> None:
    slots = Slots(3)
    for opened in ((KIND, ANN), (OTHER, BEN), (BEN,)):
        slots.give_back(slots.take(opened), opened)
    assert slots.take((OTHER, BEN, Message("counsellor", "hm"), ANN)) == 1
    assert slots.take((KIND, BEN)) == 0
    slots.give_back(0, (KIND, BEN))
    slots.give_back(1, (OTHER, BEN))
    assert slots.take((Message("system", "new"), ANN)) == 2


def test_it_knows_whose_system_prompt_a_slot_has_read() -> None:
    slots = Slots(1)
    assert not slots.holds_system(slots.take((KIND, ANN)), (KIND, ANN))
    slots.give_back(0, (KIND, ANN))
    assert slots.holds_system(slots.take((KIND, BEN)), (KIND, BEN))
    slots.give_back(0)
    assert not slots.holds_system(0, (KIND, BEN))


def test_no_words_are_kept() -> None:
    slots = Slots(1)
    slots.give_back(slots.take((KIND, ANN)), (KIND, ANN))
    assert all(isinstance(kept, int) for kept in slots._opening + slots._system + slots._free)
