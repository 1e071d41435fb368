from __future__ import annotations

import json
import os
import pickle
import random
from pathlib import Path

import pytest

pytest.importorskip("numpy")

from anxin.config import parse
from anxin.corpus import decontaminate
from anxin.corpus.decontaminate import SETS, Decontaminate, overlaps
from anxin.corpus.sample import Drop, Sample
from anxin.dialogue import Dialogue
from anxin.errors import ConfigError, DataError

ITEM = "昨天晚上我把攒了很久的那封信寄给了爸爸，寄完以后在邮局门口坐了半个钟头，不知道自己是轻松还是害怕。"
OTHER = "妈妈每次打电话来都问我什么时候回家，我总说工作忙，其实是不敢让她看见我现在住的地方。"
PROMPT = "How do I get my grandmother to stop feeding the neighbour's very large dog at dinner every night?"


def evaluation(folder: Path, *texts: str, name: str = "held.jsonl") -> str:
    path = folder / name
    path.write_text("".join(json.dumps({"id": f"i{n}", "text": text}) + "\n" for n, text in enumerate(texts)))
    return str(path)


def talk(*texts: str) -> Sample:
    dialogue = Dialogue()
    for place, text in enumerate(texts):
        dialogue = dialogue.says("counsellor" if place % 2 else "client", text)
    return Sample("s", dialogue, source="ours")


def filler(seed: int, length: int = 400) -> str:
    return "".join(random.Random(seed).choices([chr(code) for code in range(0x4E00, 0x5200)], k=length))


def test_an_item_inside_a_long_dialogue_is_found(tmp_path: Path) -> None:
    step = Decontaminate(against=(evaluation(tmp_path, OTHER, ITEM),))

    result = step(talk(filler(1), filler(2), f"{filler(3)}{ITEM}{filler(4)}", filler(5)))

    assert result == Drop("contaminated", "held 1.00 held:i1")


def test_a_piece_of_a_long_item_is_found(tmp_path: Path) -> None:
    step = Decontaminate(against=(evaluation(tmp_path, filler(1) + ITEM + filler(2)),))
    assert isinstance(step(talk(ITEM)), Drop)
    assert isinstance(step(Sample("d", document=ITEM)), Drop)


def test_other_signs_case_width_and_spaces_change_nothing(tmp_path: Path) -> None:
    step = Decontaminate(against=(evaluation(tmp_path, ITEM, PROMPT),))
    assert isinstance(step(talk(ITEM.replace("，", " ").replace("。", "！"))), Drop)
    assert isinstance(step(talk(PROMPT.upper().replace("'", "’").replace("?", "…"))), Drop)


def test_what_is_said_otherwise_stays_as_it_is(tmp_path: Path) -> None:
    step = Decontaminate(against=(evaluation(tmp_path, ITEM, PROMPT),))
    sample = talk("我把信寄给了爸爸，心里很乱。", "寄出去了，你在等他的回音吗？").noting(topic="family")
    assert step(sample) is sample
    assert step(Sample("empty")) == Sample("empty")


@pytest.mark.parametrize(
    "phrase", ["我最近感觉压力很大", "我最近感觉压力很大，不知道该怎么办才好", "I don't know what to do anymore"]
)
def test_common_words_for_common_troubles_do_not_count(tmp_path: Path, phrase: str) -> None:
    step = Decontaminate(against=(evaluation(tmp_path, f"{phrase}，{ITEM}", f"{phrase}. {PROMPT}"),))
    sample = talk(f"{phrase}，{filler(1, 60)}", filler(2))
    assert step(sample) is sample


def test_a_phrase_that_many_items_have_in_common_counts_for_nothing(tmp_path: Path) -> None:
    form = "以下是一段来访者与咨询师之间的对话请你判断其中的风险等级"
    against = (evaluation(tmp_path, *(form + filler(n, 40) for n in range(12))),)
    sample = talk(form, filler(99, 14))
    assert Decontaminate(against=against)(sample) is sample
    assert isinstance(Decontaminate(against=against, common=12)(sample), Drop)


def test_half_of_an_item_is_the_limit_and_may_be_set(tmp_path: Path) -> None:
    item = filler(1, 112)  # a hundred n-grams
    against = (evaluation(tmp_path, item),)
    for taken, share in ((61, 0.49), (62, 0.50), (82, 0.70)):
        sample = talk(item[:taken] + filler(2), filler(3))
        found = Decontaminate(against=against).overlap(sample)
        assert found
        assert round(found.share, 2) == share
        assert isinstance(Decontaminate(against=against)(sample), Drop) == (share >= 0.5)
        assert isinstance(Decontaminate(against=against, share=0.6)(sample), Drop) == (share >= 0.6)


def test_a_short_item_is_met_only_by_a_line_that_says_the_same(tmp_path: Path) -> None:
    step = Decontaminate(against=(evaluation(tmp_path, "他们都觉得我该放下了", "Can you help me sleep?", "我好累"),))
    assert isinstance(step(talk("他们都觉得我该放下了。", filler(1))), Drop)
    assert isinstance(step(Sample("d", document=f"{filler(2)}\n他们都觉得我该放下了\n{filler(3)}")), Drop)
    assert isinstance(step(talk("can you help me sleep", filler(1))), Drop)
    assert isinstance(step(talk("他们都觉得我该放下了，可是我还没有。", filler(1))), Sample)
    assert isinstance(step(talk("我好累", filler(1))), Sample)


def test_n_grams_do_not_run_across_messages(tmp_path: Path) -> None:
    step = Decontaminate(against=(evaluation(tmp_path, ITEM),))
    parts = [ITEM[start : start + 12] for start in range(0, len(ITEM), 12)]
    assert isinstance(step(talk(*parts)), Sample)


@pytest.mark.parametrize("name", ["a.json", "b.csv", "c.tsv", "d.txt", "e.jsonl"])
def test_files_of_every_kind_and_speakers_marks(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(
        {
            "json": json.dumps([{"context": f"[seeker]{ITEM}", "label": 1}], ensure_ascii=False),
            "csv": f'id,prompt,note\n7,"{ITEM}",plain\n',
            "tsv": f"id\tprompt\n7\t{ITEM}\n",
            "txt": f"{OTHER}\n{ITEM}\n",
            "jsonl": json.dumps({"dialogue": [f"求助者：{ITEM}", "支持者：嗯。"]}, ensure_ascii=False) + "\n",
        }[path.suffix[1:]],
        encoding="utf-8",
    )
    found = Decontaminate(against=(str(path),)).overlap(talk(ITEM))
    assert found
    assert (found.set, found.share) == (path.stem, 1.0)


def test_our_own_sets_both_halves_are_known() -> None:
    step = Decontaminate()
    folder = Path(decontaminate.__file__).parents[1] / "evaluate" / "safety_sets"
    for path in sorted(folder.glob("*.jsonl")):
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        texts = [record.get("text") or "\n".join(m["text"] for m in record["messages"]) for record in records]
        told = sum(isinstance(step(Sample("x", document=text)), Drop) for text in texts)
        # The rest is shorter than what can be told apart from anybody's words.
        assert told / len(texts) > 0.9, path.name


def test_the_report_counts_by_set_and_holds_no_words(tmp_path: Path) -> None:
    step = Decontaminate(
        against=(evaluation(tmp_path, ITEM, OTHER, "嗯"), evaluation(tmp_path, PROMPT, name="en.jsonl"))
    )
    samples = [talk(ITEM), talk(ITEM[:24] + filler(1)), talk(filler(2)), Sample("d", document=PROMPT)]

    found = overlaps(samples, step).to_json()

    assert found["samples"] == 4
    held, english = found["sets"]["held"], found["sets"]["en"]
    assert (held["items"], held["unusable"], held["items_met"]) == (3, 1, 1)
    assert held["dropped"] == [["ours/s", "held:i0", 1.0]]
    assert sum(held["below"].values()) == 1
    assert english["dropped"] == [["d", "en:i0", 1.0]]
    assert ITEM[:8] not in json.dumps(found, ensure_ascii=False)


def test_the_index_is_kept_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Decontaminate(against=(evaluation(tmp_path, ITEM),))
    assert isinstance(step(talk(ITEM)), Drop)
    decontaminate._index.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(decontaminate, "_build", None)
        assert isinstance(step(talk(ITEM)), Drop)
    evaluation(tmp_path, OTHER)
    decontaminate._index.cache_clear()
    assert isinstance(step(talk(ITEM)), Sample)
    assert isinstance(step(talk(OTHER)), Drop)
    decontaminate._index.cache_clear()
    monkeypatch.setenv("ANXIN_HOME", os.devnull)  # nowhere to keep it
    assert isinstance(step(talk(OTHER)), Drop)


def test_a_step_goes_to_workers_and_comes_from_recipes(tmp_path: Path) -> None:
    step = parse(Decontaminate, {"against": ["anxin"], "share": 0.7})
    assert pickle.loads(pickle.dumps(step)) == step == Decontaminate(share=0.7)
    for key, value in (("share", 0.0), ("share", 1.2), ("least", 0), ("ngram", 1)):
        with pytest.raises(ConfigError, match=key):
            parse(Decontaminate, {key: value})


def test_what_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANXIN_DATA", raising=False)
    with pytest.raises(DataError, match="name the data folder"):
        Decontaminate(against=("all",))(talk(ITEM))
    with pytest.raises(DataError, match="put it there or leave xstest out"):
        Decontaminate(against=("xstest",), data=str(tmp_path))(talk(ITEM))
    with pytest.raises(DataError, match="neither a file nor one of all, anxin"):
        Decontaminate(against=("cpsycoun",))(talk(ITEM))
    (tmp_path / "broken.json").write_text("[{")
    with pytest.raises(DataError, match="is not JSON"):
        Decontaminate(against=(str(tmp_path / "broken.json"),))(talk(ITEM))


@pytest.mark.slow
@pytest.mark.skipif("ANXIN_DATA" not in os.environ, reason="needs the data folder")
def test_every_known_set_is_read_from_the_data_folder() -> None:
    step = Decontaminate(against=("all",))
    found = overlaps([], step).to_json()["sets"]
    assert set(found) == set(SETS)
    for name, row in found.items():
        assert row["unusable"] / row["items"] < 0.1, name
