"""The catalogue, the licence gate, and reading a set from its folder."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from anxin.corpus.files import Damage
from anxin.corpus.sample import Sample
from anxin.corpus.sources import Origin, Part, allow, catalogue, files_of, locate, open_source, origin, stream
from anxin.errors import ConfigError, DataError

TALK = json.dumps({"id": "1", "messages": [{"role": "client", "content": "累"}]}, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("known", catalogue().values(), ids=lambda known: known.name)
def test_every_row_of_the_catalogue_can_be_used(known: Origin) -> None:
    assert re.fullmatch(r"[a-z0-9_]+", known.name) and known.purposes and known.size and known.attribution
    assert known.parts and known.languages and re.fullmatch(r"\d{4}-\d\d-\d\d", known.date)
    for home in known.homes:
        assert re.fullmatch(r"(huggingface|modelscope|git):[\w.-]+/[\w.-]+", home)
    for part in known.parts:
        stream(part.reader, part.options)
        assert not any(path.startswith("/") or ".." in path for path in part.paths)


def test_sets_that_are_not_for_training_cannot_be_trained_on_unless_named() -> None:
    refused = {}
    for known in catalogue().values():
        try:
            allow(known, "train")
        except DataError as error:
            refused[known.name] = str(error)
            allow(known, "train", [known.name])
            with pytest.raises(DataError):
                allow(known, "train", ["another_set"])
    assert set(refused) == {
        "cpsycoune",
        "classical_modern",
        "dialogue_safety",
        "lctt",
        "pku_saferlhf_single",
        "psychocounsel",
        "psyqa",
        "safedialbench",
    }
    assert refused["pku_saferlhf_single"] == (
        "pku_saferlhf_single is CC BY-NC 4.0: not for training; to go on all the same, name it: "
        "--accept pku_saferlhf_single"
    )
    assert refused["cpsycoune"].startswith("cpsycoune is CC BY 4.0 and a test set: not for training;")
    assert refused["psyqa"].startswith("psyqa needs its authors' agreement, signed and sent to them")
    assert refused["safedialbench"].startswith("safedialbench is without a licence: not for training;")


def test_what_needs_an_agreement_needs_it_for_evaluation_too() -> None:
    with pytest.raises(DataError, match="--accept psyqa"):
        allow(catalogue()["psyqa"], "evaluate")
    allow(catalogue()["cpsycoune"], "evaluate")
    allow(catalogue()["psychocounsel"], "evaluate")
    allow(catalogue()["hh_rlhf_harmless"], "train", ())
    allow(catalogue()["psyqa"], "train", ["psyqa"])


@pytest.mark.parametrize("licence", ["CC BY-NC-SA 4.0", "cc-by-nc-4.0", "Non-commercial", "for research only"])
def test_the_licence_of_ones_own_set_is_read_too(licence: str) -> None:
    own = origin("own", reader="text", licence=licence)
    with pytest.raises(DataError, match=f"own is {licence}: not for training"):
        allow(own, "train")
    allow(own, "evaluate")
    allow(replace(own, licence="Concurrency Licence"), "train")


def test_names_are_helped_with() -> None:
    assert origin("counsel-chat") is catalogue()["counsel_chat"]
    with pytest.raises(ConfigError, match="did you mean smilechat"):
        origin("smilechatt")
    with pytest.raises(ConfigError, match="say its licence"):
        origin("mine", reader="text")
    with pytest.raises(ConfigError, match="no reader tekst; did you mean text"):
        origin("mine", reader="tekst", licence="our own")
    with pytest.raises(ConfigError, match=r"known set under CC0-1\.0; give your own another name"):
        origin("smilechat", licence="MIT")


@pytest.mark.parametrize("place", [".", "smilechat", "data/../smilechat", "smilechat/smilechat.jsonl"])
def test_a_set_is_found_where_people_keep_it(tmp_path: Path, place: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "smilechat").mkdir()
    (tmp_path / "smilechat" / "smilechat.jsonl").write_text(TALK, encoding="utf-8")
    ((sample),) = open_source("smilechat", tmp_path / place)
    assert isinstance(sample, Sample) and (sample.id, sample.source) == ("1", "smilechat")


def test_a_set_is_found_under_the_name_its_folder_has_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "cpsycoun").mkdir()
    (tmp_path / "cpsycoun" / "CPsyCounD.jsonl").write_text(TALK, encoding="utf-8")
    assert locate(origin("cpsycound"), tmp_path / "cpsycound") == tmp_path / "cpsycoun"
    with pytest.raises(DataError, match=f"get it: anxin corpus fetch cpsycoune --out {tmp_path}$"):
        locate(origin("cpsycoune"), tmp_path / "cpsycoune")


def test_one_form_of_the_same_data_is_read_and_every_split(tmp_path: Path) -> None:
    for name in ("data/10.json", "data/9.json", "smilechat.jsonl"):
        path = tmp_path / "smilechat" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('[{"role": "client", "content": "累"}]' if "data" in name else TALK, encoding="utf-8")
    known = origin("smilechat")
    assert [path.name for path, _ in files_of(known, tmp_path)] == ["smilechat.jsonl"]
    (tmp_path / "smilechat" / "smilechat.jsonl").unlink()
    assert [path.name for path, _ in files_of(known, tmp_path)] == ["9.json", "10.json"]

    for split, text in (("train", "a"), ("test", "b")):
        path = tmp_path / "interactive_agents_profiles" / "user_profiles" / f"{split}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([text]))
    found = [one for one in open_source("interactive_agents", tmp_path) if isinstance(one, Sample)]
    assert [(one.text, one.metadata) for one in found] == [("a", {"split": "train"}), ("b", {"split": "test"})]


def test_damage_in_one_file_does_not_keep_the_next_from_being_read(tmp_path: Path) -> None:
    for name, text in (("1", '[{"role": "client"'), ("2", '[{"role": "client", "content": "累"}]')):
        path = tmp_path / "smilechat" / "data" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    damage, sample = open_source("smilechat", tmp_path)
    assert isinstance(damage, Damage) and damage.reason == "truncated" and damage.where.startswith("1.json")
    assert isinstance(sample, Sample) and sample.id == "2"


def test_ones_own_folder_is_read_whole(tmp_path: Path) -> None:
    for name in ("a.txt", "deep/b.md", "README.md", ".hidden/c.txt", "d.pdf"):
        path = tmp_path / "library" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"words of {name}")
    own = origin("library", reader="text", licence="our own")
    found = [one for one in open_source(own, tmp_path / "library") if isinstance(one, Sample)]
    assert [(one.id, one.document, one.source) for one in found] == [
        ("a", "words of a.txt", "library"),
        ("b", "words of deep/b.md", "library"),
    ]
    passages = origin("library", reader="text", licence="our own", options={"split": "blank"})
    assert [one.id for one in open_source(passages, tmp_path / "library") if isinstance(one, Sample)] == ["a-1", "b-1"]
    with pytest.raises(DataError, match="holds no"):
        list(open_source(origin("library", reader="warc", licence="our own"), tmp_path / "library"))
    with pytest.raises(DataError, match="does not exist"):
        list(open_source(own, tmp_path / "none"))


def test_a_known_set_may_be_read_otherwise_but_keeps_its_terms(tmp_path: Path) -> None:
    path = tmp_path / "psyqa.jsonl"
    path.write_text(TALK, encoding="utf-8")
    other = origin("psyqa", reader="dialogues")
    ((sample),) = open_source(other, path)
    assert isinstance(sample, Sample) and sample.source == "psyqa"
    with pytest.raises(DataError, match="--accept psyqa"):
        allow(other, "train")


def test_a_single_file_is_read_by_the_part_it_belongs_to(tmp_path: Path) -> None:
    parts = (Part(("*.json",), "posts"), Part(("*.txt",), "text", {"split": "blank"}))
    own = Origin("own", "own", "our own", ("train",), parts)
    path = tmp_path / "a.txt"
    path.write_text("one\n\ntwo")
    assert [one.id for one in open_source(own, path) if isinstance(one, Sample)] == ["a-1", "a-2"]


DATA = Path(os.environ.get("ANXIN_DATA") or Path(__file__).parents[4] / "shared" / "data")

REAL = {
    "cpsycound": 3084,
    "cpsycoune": 45,
    "counsel_chat": 2129,
    "dialogue_safety": 800,
    "emollm": 1596,
    "interactive_agents": 1100,
    "jade": 650,
    "psyeval": 1852,
}


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data folder (ANXIN_DATA)")
@pytest.mark.parametrize("name", REAL)
def test_the_real_sets_are_read_whole(name: str) -> None:
    found = list(open_source(name, DATA))
    assert [one for one in found if isinstance(one, Damage)] == []
    assert len(found) == REAL[name] == len({one.id for one in found if isinstance(one, Sample)})


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data folder (ANXIN_DATA)")
def test_the_real_harmless_pairs_are_read_but_for_four_empty_replies() -> None:
    found = list(open_source("hh_rlhf_harmless", DATA))
    assert [one.reason for one in found if isinstance(one, Damage)] == ["empty_reply"] * 4
    assert len(found) == 2312
