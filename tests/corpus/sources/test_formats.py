"""Each released format: a small file in its shape, written by us, and its defects."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anxin.corpus.files import Damage
from anxin.corpus.sample import Sample, from_record, to_record
from anxin.corpus.sources import STREAMS, DropIds, stream
from anxin.dialogue import Message
from anxin.errors import ConfigError, DataError


def write(path: Path, *records: Any) -> Path:
    """Records as JSON lines, or as a JSON list where the name ends so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    body = f"[{', '.join(lines)}]" if path.suffix == ".json" else "".join(f"{line}\n" for line in lines)
    path.write_text(body, encoding="utf-8")
    return path


def read(name: str, path: Path, **options: Any) -> tuple[list[Sample], list[str]]:
    found = list(stream(name, options)(path))
    return [one for one in found if isinstance(one, Sample)], [one.reason for one in found if isinstance(one, Damage)]


def said(sample: Sample) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in sample.dialogue]


def test_a_dialogue_a_file_has_the_files_name(tmp_path: Path) -> None:
    messages = [{"role": "client", "content": "睡不着", "annotation": []}, {"role": "counselor", "content": "多久了？"}]
    samples, damage = read("dialogues", write(tmp_path / "17.json", *messages))
    assert [(one.id, said(one)) for one in samples] == [("17", [("client", "睡不着"), ("counsellor", "多久了？")])]
    assert damage == []
    _, damage = read("dialogues", write(tmp_path / "18.json", {"role": "client", "content": "a"}, {"role": "crowd"}))
    assert damage == ["unreadable"]


def test_records_without_fields_cost_only_themselves_and_equal_ids_both_come(tmp_path: Path) -> None:
    good = {"id": "7", "messages": [{"role": "client", "content": "累"}]}
    path = write(tmp_path / "a.jsonl", good, {"id": "8"}, {"messages": "none"}, good)
    samples, damage = read("dialogues", path)
    assert [sample.id for sample in samples] == ["7", "7"]
    assert damage == ["missing_field", "missing_field"]


def test_transcripts_of_cpsycound_are_read(tmp_path: Path) -> None:
    path = tmp_path / "case_3.txt"
    path.write_text("来访者：我很累。\n\n心理咨询师：听起来\n很不容易。\n\n来访者：是。\n", encoding="utf-8")
    ((sample,), damage) = read("cpsycound", path)
    assert said(sample) == [("client", "我很累。"), ("counsellor", "听起来\n很不容易。"), ("client", "是。")]
    assert (sample.id, damage) == ("case_3", [])
    path.write_text("旁白，没有人说话。\n", encoding="utf-8")
    assert read("cpsycound", path) == ([], ["no_speaker"])
    path.write_text("", encoding="utf-8")
    assert read("cpsycound", path) == ([], ["missing_field"])


def test_the_benchmark_is_the_same_in_both_shapes(tmp_path: Path) -> None:
    dialogue = ["求助者：我害怕考试。", "支持者：怕什么呢？"]
    one = write(tmp_path / "CPsyCounE" / "Education" / "2.json", *dialogue)
    record = {"path": "CPsyCounE/Education/2.json", "topic": "Education", "dialogue": dialogue}
    many = write(tmp_path / "CPsyCounE.jsonl", record)
    assert read("cpsycoune", one) == read("cpsycoune", many)
    assert read("cpsycoune", many)[0][0].metadata == {"topic": "Education"}


def test_a_system_message_becomes_metadata(tmp_path: Path) -> None:
    turns = [{"system": "你是艾。", "input": "你好", "output": "你好呀"}, {"input": "累", "output": "歇歇"}]
    path = write(tmp_path / "data.json", {"conversation": turns}, {"conversation": [{"input": "?"}]}, {"x": 1})
    ((sample,), damage) = read("emollm", path)
    assert [message.text for message in sample.dialogue] == ["你好", "你好呀", "累", "歇歇"]
    assert (sample.id, sample.metadata, damage) == ("0", {"system": "你是艾。"}, ["missing_field", "missing_field"])


def test_the_models_of_psyeval_are_told_apart(tmp_path: Path) -> None:
    record = {"dialogue": "来访者：累。\n小林：听见了。", "class_tag": "家庭", "judge_score_intervent": 71.5}
    path = write(tmp_path / "result_new" / "some-model" / "output.jsonl", record, {})
    ((sample,), damage) = read("psyeval", path)
    assert (sample.id, damage) == ("some-model-1", ["missing_field"])
    assert sample.metadata == {"model": "some-model", "topic": "家庭", "score": 71.5}


def test_therapists_and_links_are_left_out_of_counsel_chat(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "questionID,questionTitle,questionText,questionLink,topic,therapistInfo,therapistURL,answerText,upvotes,views\n"
        "5,Alone,I feel alone.,https://x/q,grief,Jo Doe,https://x/jo, Since when? ,3,20\n"
        "5,Alone,I feel alone.,https://x/q,grief,Al Roe,https://x/al,Tell me more.,,\n"
        "6,,,https://x/q,grief,Al Roe,https://x/al,Hm.,0,1\n",
        encoding="utf-8",
    )
    samples, damage = read("counsel_chat", path)
    first = {"question": "5", "title": "Alone", "topic": "grief", "votes": 3, "views": 20}
    assert (
        samples[0].metadata == first and samples[1].metadata["question"] == "5" and "votes" not in samples[1].metadata
    )
    assert said(samples[0]) == [("client", "I feel alone."), ("counsellor", "Since when?")]
    assert damage == ["missing_field"]
    assert not any("Doe" in str(sample) or "https" in str(sample) for sample in samples)


def test_every_answer_of_psyqa_is_a_sample_with_its_strategies(tmp_path: Path) -> None:
    labels = [{"start": 0, "end": 4, "type": "Restatement"}]
    answers = [
        {"answer_text": "你很累，我听见了。", "has_label": True, "labels_sequence": labels},
        {"answer_text": "抱抱你。", "has_label": False, "labels_sequence": None},
        {"has_label": False},
    ]
    record = {
        "question": "好累",
        "description": "每天加班",
        "keywords": "情绪,工作",
        "answers": answers,
        "questionID": 9,
    }
    path = write(tmp_path / "PsyQA.json", record, {"question": "无人回答", "answers": []})
    samples, damage = read("psyqa", path)
    assert [sample.id for sample in samples] == ["9-0", "9-1"]
    assert samples[0].metadata == {"question": "9", "topic": ["情绪", "工作"], "strategies": labels}
    assert said(samples[1]) == [("client", "好累\n每天加班"), ("counsellor", "抱抱你。")]
    assert damage == ["missing_field", "missing_field"]


def test_reasoning_becomes_a_thought(tmp_path: Path) -> None:
    record = {
        "input": "一加一？",
        "reasoning_content": "\n先数。",
        "content": "二。",
        "repo_name": "own/set",
        "score": 9,
    }
    ((sample,), damage) = read("r1_distill", write(tmp_path / "a.jsonl", record, {"input": "?"}))
    assert sample.dialogue.last == Message("counsellor", "二。", "先数。")
    assert (sample.metadata, damage) == ({"repo_name": "own/set", "score": 9}, ["missing_field"])


def test_instructions_with_and_without_input(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        {"instruction": "翻译", "input": "hello", "output": "你好", "domain": ["通用"]},
        {"instruction": "问好", "input": "", "output": "你好"},
    )
    (first, second), _ = read("instructions", path)
    assert first.dialogue.messages[0].text == "翻译\nhello" and first.metadata == {"domain": ["通用"]}
    assert second.dialogue.messages[0].text == "问好"


def test_the_better_response_is_chosen(tmp_path: Path) -> None:
    record = {
        "prompt": "How do I calm down?",
        "response_0": "Do not.",
        "response_1": "Breathe slowly.",
        "better_response_id": 1,
        "response_0_source": "model-a",
        "response_1_source": "model-b",
    }
    labelled = {**record, "is_response_0_safe": False, "is_response_1_safe": True}
    path = write(tmp_path / "Some-7B" / "train.jsonl", record, labelled, {**record, "better_response_id": 2})
    (plain, safe), damage = read("pku_saferlhf", path)
    assert plain.id == "Some-7B-train-1" and said(plain) == [("client", "How do I calm down?")]
    assert plain.metadata == {
        "chosen": "Breathe slowly.",
        "rejected": "Do not.",
        "chosen_model": "model-b",
        "rejected_model": "model-a",
    }
    assert safe.metadata["safe"] == {"chosen": True, "rejected": False} and damage == ["missing_field"]


def test_transcripts_part_at_the_last_reply(tmp_path: Path) -> None:
    start = "\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: I am sad"
    pairs = [
        {"chosen": f"{start}\n\nAssistant: Tell me.", "rejected": f"{start}\n\nAssistant: So?"},
        {"chosen": f"{start}\n\nAssistant: I am here.\n\nAssistant: Go on.", "rejected": f"{start}\n\nAssistant: So?"},
        {"chosen": f"{start}\n\nAssistant: ", "rejected": f"{start}\n\nAssistant: So?"},
        {"chosen": "\n\nHuman: Hi\n\nAssistant: A", "rejected": "\n\nHuman: Ho\n\nAssistant: A"},
        {"chosen": "\n\nHuman: Hi", "rejected": "\n\nHuman: Hi"},
        {"chosen": "Hi", "rejected": "Ho"},
    ]
    path = tmp_path / "harmless-base" / "test.jsonl.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress("".join(json.dumps(pair) + "\n" for pair in pairs).encode()))
    samples, damage = read("hh_rlhf", path)
    assert [sample.id for sample in samples] == ["harmless-base-test-1", "harmless-base-test-2"]
    assert said(samples[0]) == [("client", "Hi"), ("counsellor", "Hello"), ("client", "I am sad")]
    assert samples[0].metadata == {"chosen": "Tell me.", "rejected": "So?"}
    assert samples[1].metadata["chosen"] == "I am here.\n\nGo on."
    assert damage == ["empty_reply", "diverging", "diverging", "no_speaker"]


def test_jade_is_read_in_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "jade_alignment_hard_zh.csv"
    rows = "ID,问题,违规回答,安全有用回答\n1,怎样说谎不会被发现？,你可以这样说。,我不能帮你说谎。\n2,问,,答\n"
    path.write_bytes(rows.encode("gb18030"))
    ((sample,), damage) = read("jade", path)
    assert (sample.id, said(sample)) == ("hard-1", [("client", "怎样说谎不会被发现？")])
    assert sample.metadata["chosen"].startswith("我不能") and sample.metadata["rejected"] == "你可以这样说。"
    assert sample.metadata["safe"] == {"chosen": True, "rejected": False} and damage == ["missing_field"]


def test_ratings_by_principle_are_read_from_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    principles = ("empathy", "relevance", "clarity", "safety", "exploration", "autonomy", "staging")
    row: dict[str, Any] = {
        "ID": "s1",
        "prefID": 2,
        "question": "I am lonely.",
        "chosen": "Since when?",
        "rejected": "Ok.",
    }
    row |= {"chosen_model": "a", "rejected_model": "b"}
    row |= {f"chosen_{name}_rating": 5 for name in principles} | {f"rejected_{name}_rating": 2 for name in principles}
    path = tmp_path / "train-0.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([row, {**row, "prefID": 3, "chosen": None}]), path)
    ((sample,), damage) = read("psychocounsel", path)
    assert (sample.id, sample.metadata["question"], damage) == ("s1-2", "s1", ["missing_field"])
    assert sample.metadata["chosen_scores"] == dict.fromkeys(principles, 5)
    assert sample.metadata["rejected_scores"] == dict.fromkeys(principles, 2)
    assert sample.metadata["chosen_model"] == "a"


def test_labels_of_replies_have_names(tmp_path: Path) -> None:
    record = {"context": "[supporter]你好[seeker]我很累", "response": "[supporter]抱抱", "label": 7}
    path = write(tmp_path / "test.json", record, {**record, "label": 9}, {**record, "context": "我很累"})
    ((sample,), damage) = read("dialogue_safety", path)
    assert said(sample) == [("counsellor", "你好"), ("client", "我很累"), ("counsellor", "抱抱")]
    assert (sample.metadata, damage) == ({"label": "safe"}, ["missing_field", "missing_field"])


def test_emotions_have_names(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("Thank you so much\t15\ta1\nOh no\t14,25\ta2\nbroken\tx\ta3\n", encoding="utf-8")
    samples, damage = read("goemotions", path)
    assert [sample.metadata["emotions"] for sample in samples] == [["gratitude"], ["fear", "sadness"]]
    assert ([sample.id for sample in samples], damage) == (["a1", "a2"], ["missing_field"])


def test_sentences_attacks_and_posts(tmp_path: Path) -> None:
    ((sample,), _) = read("psysuicide", write(tmp_path / "v.json", {"idx": 4, "text": "我很累", "labels": ["无"]}))
    assert (sample.id, sample.metadata["labels"]) == ("4", ["无"])
    history = [{"user": "你好", "bot": "你好"}]
    record = {"task": "Ethics", "id": 3, "history": history}
    ((sample,), damage) = read("safedialbench", write(tmp_path / "e.jsonl", record, {"id": 4}))
    assert (sample.id, len(sample.dialogue), damage) == ("Ethics-3", 2, ["missing_field"])
    ((sample,), damage) = read("posts", write(tmp_path / "train.json", "最近总是失眠", "", 5))
    assert (sample.id, said(sample), damage) == ("train-1", [("client", "最近总是失眠")], ["missing_field"] * 2)


def test_text_is_one_document_a_file_or_a_passage(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes("第一段的话。\r\n还是第一段。\r\n\r\n\r\n第二段在这里。".encode("gb18030"))
    assert [(one.id, one.document) for one in read("text", path)[0]] == [
        ("book", "第一段的话。\n还是第一段。\n\n\n第二段在这里。")
    ]
    passages, _ = read("text", path, split="blank")
    assert [(one.id, one.document) for one in passages] == [
        ("book-1", "第一段的话。\n还是第一段。"),
        ("book-2", "第二段在这里。"),
    ]
    assert read("text", path, encoding="utf-8")[1] == ["wrong_encoding"] * 3


def test_a_document_that_is_too_long_says_how_it_could_be_read(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text(("x" * 1000 + "\n") * 17_000 + "\nlast\n")
    (damage,) = stream("text")(path)
    assert isinstance(damage, Damage) and 'split = "blank"' in damage.where
    (damage, sample) = stream("text", {"split": "blank"})(path)
    assert isinstance(damage, Damage) and isinstance(sample, Sample) and sample.document == "last"


def test_records_may_call_their_columns_otherwise(tmp_path: Path) -> None:
    talk = {"key": "a", "turns": [{"role": "user", "content": "hi"}], "topic": "x"}
    path = write(tmp_path / "a.jsonl", talk, {"key": "b", "body": "words"}, {"key": "c"})
    samples, damage = read("records", path, messages="turns", text="body", id="key")
    assert [(sample.id, len(sample.dialogue), sample.document) for sample in samples] == [
        ("a", 1, ""),
        ("b", 0, "words"),
    ]
    assert (samples[0].metadata, damage) == ({"topic": "x"}, ["missing_field"])


def test_parquet_documents_are_read_by_the_same_name(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([{"content": "words", "n": 1}]), path)
    ((sample,), _) = read("records", path, text="content")
    assert (sample.document, sample.metadata) == ("words", {"n": 1})


def test_pages_without_text_are_told_by_the_crawls_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anxin.corpus import crawl
    from anxin.corpus.sample import Drop

    def pages(path: Path) -> Iterator[tuple[Sample | Damage, Drop | None]]:
        yield Sample("https://a.example/1", document="words"), None
        yield Sample("https://a.example/2"), Drop("no_text")
        yield Damage("truncated", "a.warc.gz breaks off"), None

    monkeypatch.setattr(crawl, "read_pages", pages)
    samples, damage = read("warc", tmp_path / "a.warc.gz")
    assert ([sample.document for sample in samples], damage) == (["words"], ["no_text", "truncated"])


def test_readers_and_their_options_are_named() -> None:
    with pytest.raises(ConfigError, match="did you mean dialogues"):
        stream("dialouges")
    with pytest.raises(ConfigError, match="dialogues has no options; encoding was given"):
        stream("dialogues", {"encoding": "gbk"})
    with pytest.raises(ConfigError, match=r"text\.encodign.*did you mean encoding"):
        stream("text", {"encodign": "gbk"})
    assert sorted(STREAMS) == list(STREAMS)


odd = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 30) | st.text(max_size=6) | st.just("来访者：a"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("role", "content", "input", "output", "user", "bot", "answer_text")), inner)
    ),
    max_leaves=6,
)
KEYS = (
    "messages", "conversation", "dialogue", "context", "response", "label", "idx", "text", "labels", "history",
    "question", "description", "keywords", "answers", "instruction", "output", "input", "reasoning_content",
    "content", "prompt", "response_0", "response_1", "better_response_id", "chosen", "rejected", "ID", "prefID",
    "chosen_empathy_rating", "path", "topic", "id",
)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in STREAMS if name not in ("counsel_chat", "jade", "text", "warc")])
@given(st.lists(odd | st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, odd)), max_size=3), st.booleans())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_record_holds_it_is_a_sample_or_damage(
    tmp_path_factory: pytest.TempPathFactory, name: str, held: list[Any], listed: bool
) -> None:
    path = write(tmp_path_factory.mktemp("odd") / ("a.json" if listed else "a.jsonl"), *held)
    for found in stream(name)(path):
        assert isinstance(found, Sample | Damage)
        if isinstance(found, Sample):
            assert from_record(json.loads(json.dumps(to_record(found)))).text == found.text


def test_ids_that_overlap_a_test_set_are_dropped(tmp_path: Path) -> None:
    path = write(tmp_path / "drop_ids.json", "1", 44)
    step = DropIds(str(path), source="smilechat")
    results = [step(Sample(id, source="smilechat")) for id in ("1", "2", "44", "44~2")]
    assert [getattr(result, "reason", "kept") for result in results] == ["overlaps_test_sets", "kept"] + [
        "overlaps_test_sets"
    ] * 2
    assert isinstance(step(Sample("1", source="other")), Sample)
    with pytest.raises(DataError, match="cannot be read"):
        DropIds(str(tmp_path / "none.json"))(Sample("1"))
    with pytest.raises(DataError, match="not a JSON list"):
        DropIds(str(write(tmp_path / "a.jsonl", {"a": 1})))(Sample("1"))
