"""Three stages, folder in and folder out: what they write, how they go on where they stopped, what they leave be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anxin.config import load_toml
from anxin.corpus import Sample, to_record
from anxin.corpus.files import Damage, read_samples, shards
from anxin.dialogue import Dialogue
from anxin.errors import ConfigError, ModelBroken, ModelUnavailable, UserError
from anxin.model import EchoModel, Generation, Model
from anxin.model.many import Cache
from anxin.prefer import (
    Asking,
    Judge,
    Judging,
    Limits,
    Pair,
    Pairing,
    Rating,
    Statements,
    candidates_of,
    load,
    pair_stage,
    read_pairs,
    reply_stage,
    score_stage,
    summary,
    voices,
)
from anxin.prefer.recipe import Recipe
from anxin.prefer.run import run

from .parts import judging, reply, says, scored_sample, scores, verdict, write

RECIPES = Path(__file__).parents[2] / "recipes"
ONCE = Limits(tries=1)


def quiet(what: str, done: int, of: int) -> None:
    """Nobody watches a test."""


class Counting(EchoModel):
    """Counts how often it is really asked."""

    def __init__(self, name: str, say: str = "", fail: set[int] | None = None) -> None:
        super().__init__(lambda messages: f"{say}{messages[-1].text[::-1]}", name=name)
        self.count_of_asked = 0
        self.fail = fail or set()

    def stream(self, generation: Generation) -> Any:
        self.count_of_asked += 1
        if self.count_of_asked in self.fail:
            raise ModelUnavailable("refused")
        return super().stream(generation)


def samples(place: Path) -> list[Sample]:
    found = [sample for path in shards(place) for sample in read_samples(path)]
    return [sample for sample in found if isinstance(sample, Sample)]


def content(folder: Path) -> dict[str, list[Any]]:
    """What a stage wrote, without what differs from run to run."""
    found: dict[str, list[Any]] = {}
    for path in sorted(folder.rglob("*.jsonl.zst")):
        read = [one for one in read_samples(path)] if "pairs" not in path.parts else list(read_pairs(path))
        found[path.relative_to(folder).as_posix()] = [
            to_record(one) if isinstance(one, Sample) else one for one in read
        ]
    return found


def statements(folder: Path, count: int = 5) -> Path:
    folder.mkdir(exist_ok=True)
    calm = [says(f"I feel stuck at work, day {number}.", f"c{number}") for number in range(count)]
    talk = Dialogue().says("client", "I miss my friend.").says("counsellor", "Tell me more.")
    write(folder / "a.jsonl", *calm, says(f"I feel stuck at work, day {0}.", "again"), says("我不想活了", "crisis"))
    write(folder / "b.jsonl", Sample("talk", talk), replace(calm[1], id="elsewhere"), says("I miss home.", "home"))
    with (folder / "b.jsonl").open("a") as file:
        file.write("{not json\n")
    return folder


def replied(
    tmp_path: Path, *models: Model, cache: Cache | None = None, out: str = "replies", **more: Any
) -> dict[str, Any]:
    speaking = voices(models or [Counting("one", "1 "), Counting("two", "2 ")], (0.7,), 1, 1)
    return reply_stage(
        [statements(tmp_path / "in")],
        tmp_path / out,
        speaking,
        asking=Asking(ONCE, cache),
        report=quiet,
        **more,
    )


def test_replies_with_every_drop_counted_and_kept(tmp_path: Path) -> None:
    manifest = replied(tmp_path)
    assert manifest["counts"]["read"] == 11 and manifest["counts"]["kept"] == 6
    assert manifest["counts"]["dropped"] == {
        "same_statement": 2, "crisis": 1, "not_the_clients": 1, "not_json": 1,
    }  # fmt: skip
    assert manifest["replies"] == 12 and manifest["failures"] == 0
    assert manifest["by_voice"]["one@0.7#1"]["replies"] == 6
    kept = samples(tmp_path / "replies")
    assert [sample.id for sample in kept] == ["c0", "c1", "c2", "c3", "c4", "home"]
    assert {len(candidates_of(sample)) for sample in kept} == {2}
    dropped = [sample for path in sorted((tmp_path / "replies/dropped").iterdir()) for sample in read_samples(path)]
    assert {one.metadata["dropped"]["reason"] for one in dropped if isinstance(one, Sample)} == {
        "same_statement", "crisis", "not_the_clients",
    }  # fmt: skip
    written = json.loads((tmp_path / "replies/manifest.json").read_text())
    assert written["stage"] == "generate" and len(written["inputs"]) == 2 and written["inputs"][0]["sha256"]
    assert written["commit"] and written["seconds"] >= 0 and written["asked"]["questions"] == 12


def test_two_files_that_number_their_records_alike_give_two_names(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.jsonl").write_text(f'{{"text": "I feel stuck in {name}."}}\n')
    speaking = voices([Counting("one")], (0.7,), 1, 1)
    reply_stage([folder], tmp_path / "out", speaking, asking=Asking(ONCE), report=quiet)
    first, second = (sample.id for sample in samples(tmp_path / "out"))
    assert first == "1" and second.startswith("1-")


def test_trim_takes_the_clients_part(tmp_path: Path) -> None:
    replied(tmp_path, statements=Statements(trim=True))
    assert [sample.id for sample in samples(tmp_path / "replies")][-2:] == ["talk", "home"]


def test_a_complete_stage_is_not_done_again_and_other_options_do_it_again(tmp_path: Path) -> None:
    model = Counting("one")
    first = replied(tmp_path, model)
    again = replied(tmp_path, model)
    assert (
        model.count_of_asked == 6
        and again["finished"] == json.loads((tmp_path / "replies/manifest.json").read_text())["finished"]
    )
    assert first["digest"] == again["digest"]
    other = replied(tmp_path, model, limit=2)
    assert other["counts"]["kept"] == 2 and model.count_of_asked == 8
    assert len(samples(tmp_path / "replies")) == 2


def test_other_models_do_it_again(tmp_path: Path) -> None:
    replied(tmp_path, Counting("one"))
    manifest = replied(tmp_path, Counting("other"))
    assert list(manifest["by_voice"]) == ["other@0.7#1"]
    assert {one.model for sample in samples(tmp_path / "replies") for one in candidates_of(sample)} == {"other"}


def test_a_run_that_was_broken_off_goes_on_with_what_was_answered(tmp_path: Path) -> None:
    """The server dies during the second shard; the first is complete, and only what was not answered is asked."""
    whole = replied(tmp_path, Counting("one"), out="whole")
    with Cache(tmp_path / "answers.sqlite") as cache:
        broken = Counting("one", fail=set(range(6, 99)))
        with pytest.raises(ModelUnavailable, match="run again"):
            replied(tmp_path, broken, cache=cache)
        assert not (tmp_path / "replies/manifest.json").exists()
        mended = Counting("one")
        manifest = replied(tmp_path, mended, cache=cache)
    assert mended.count_of_asked == 1
    assert manifest["counts"] == whole["counts"]
    assert content(tmp_path / "replies") == content(tmp_path / "whole")


def test_a_budget_ends_the_run_and_a_larger_one_finishes_it(tmp_path: Path) -> None:
    with Cache(tmp_path / "answers.sqlite") as cache:
        model = Counting("one")
        speaking = voices([model], (0.7,), 1, 1)
        where = [statements(tmp_path / "in")]
        with pytest.raises(UserError, match="budget is spent"):
            asking = Asking(replace(ONCE, questions=3, at_once=1), cache)
            reply_stage(where, tmp_path / "out", speaking, asking=asking, report=quiet)
        reply_stage(where, tmp_path / "out", speaking, asking=Asking(ONCE, cache), report=quiet)
    assert model.count_of_asked == 6


def test_failures_are_kept_as_such_and_again_asks_for_them(tmp_path: Path) -> None:
    with Cache(tmp_path / "answers.sqlite") as cache:
        flaky = Counting("one", fail={2, 4})
        first = replied(tmp_path, flaky, cache=cache)
        assert first["failures"] == 2 == first["counts"]["dropped"]["no_reply"]
        same = replied(tmp_path, flaky, cache=cache)
        assert same["failures"] == 2 and flaky.count_of_asked == 6
        again = replied(tmp_path, flaky, cache=cache, again=True)
    assert again["failures"] == 0 and flaky.count_of_asked == 8 and again["counts"]["kept"] == 6


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "replies/data").mkdir(parents=True)
    (tmp_path / "replies/data/mine.jsonl").write_text("{}")
    with pytest.raises(ConfigError, match="holds something else"):
        replied(tmp_path)
    assert (tmp_path / "replies/data/mine.jsonl").exists()


def test_scores_by_judges_and_people(tmp_path: Path) -> None:
    replied(tmp_path)
    kept = samples(tmp_path / "replies")
    first = candidates_of(kept[0])[0]
    people = tmp_path / "people.jsonl"
    lines = [Rating("c0", first.id, "Lin", scores(1)).to_record(), Rating("c0", "gone", "Lin", scores(1)).to_record()]
    people.write_text("\n".join([*map(json.dumps, lines), "{}"]), "utf-8")
    judge = Judge(judging(lambda shown: verdict(5 if "1 " in shown.rpartition("Reply begins")[2] else 3)))
    manifest = score_stage(
        [tmp_path / "replies"], tmp_path / "scored", [judge], ratings=[people], asking=Asking(ONCE), report=quiet
    )
    assert manifest["agreement"]["raters"]["judge"]["ratings"] == 12
    assert manifest["people"] == {"matched": 1, "of": 2, "unread": ["people.jsonl line 3: no item in the rating"]}
    scored = candidates_of(samples(tmp_path / "scored")[0])[0]
    assert [rating.rater for rating in scored.ratings] == ["judge", "Lin"]
    assert scored.to_record()["total"] == 3.0 and scored.to_record()["distance"]["safety"] == 4


def test_a_judge_that_fails_is_counted_and_its_replies_stay(tmp_path: Path) -> None:
    replied(tmp_path)
    babbling = Judge(judging(lambda _: "five out of five", "babbling"))
    out = tmp_path / "scored"
    manifest = score_stage([tmp_path / "replies"], out, [babbling], asking=Asking(ONCE), report=quiet)
    assert manifest["failures"] == 12 and manifest["agreement"]["unscored"] == {"babbling: not_json": 12}
    assert manifest["counts"]["kept"] == 6 and manifest["agreement"]["raters"] == {}
    assert manifest["asked"]["questions"] == 24  # each once more
    paired = pair_stage([out], tmp_path / "pairs", Pairing(), report=quiet)
    assert paired["counts"]["dropped"] == {"unscored": 6} and paired["report"]["train"]["length"]["pairs"] == 0


def test_score_needs_somebody(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody is named"):
        score_stage([tmp_path], tmp_path / "out", [], asking=Asking(), report=quiet)


def scored_folder(tmp_path: Path, count: int = 120) -> Path:
    folder = tmp_path / "scored"
    folder.mkdir()
    made: list[Sample] = []
    for number in range(count):
        # The better reply is the longer one in two of three statements.
        long, short = ("long reply " * 8, "short") if number % 3 else ("short", "long reply " * 8)
        id = f"s{number}"
        made.append(scored_sample(reply(long, id, j=5), reply(short, id, j=2), id=id, text=f"I feel {number}."))
    write(folder / "a.jsonl", *made, says("Nobody replied.", "none"))
    return folder


def pairs(path: Path) -> list[Pair]:
    return [one for one in read_pairs(path) if not isinstance(one, Damage)]


def test_pairs_in_two_splits_with_the_balance_of_lengths(tmp_path: Path) -> None:
    out = tmp_path / "pairs"
    manifest = pair_stage([scored_folder(tmp_path)], out, Pairing(test_share=0.25), report=quiet)
    train, test = pairs(out / "data/train.jsonl.zst"), pairs(out / "data/test.jsonl.zst")
    assert len(train) + len(test) == 120 and 15 < len(test) < 45
    assert not {one.item for one in train} & {one.item for one in test}
    assert manifest["counts"]["dropped"] == {"one_reply": 1}
    length = manifest["report"]["train"]["length"]
    assert length["pairs"] == len(train) and 0.55 < length["longer_wins"] < 0.8 and length["correlation"] > 0.1
    assert manifest["report"]["train"]["principles"]["empathy"] == {
        "mean_gap": 3.0, "higher": 1.0, "equal": 0.0, "lower": 0.0,
    }  # fmt: skip
    assert summary(shards(out)) == {"test": manifest["report"]["test"], "train": manifest["report"]["train"]}
    assert pair_stage([tmp_path / "scored"], out, Pairing(test_share=0.25), report=quiet)["finished"]


def test_balance_thins_training_only_and_keeps_what_it_leaves_out(tmp_path: Path) -> None:
    folder = scored_folder(tmp_path)
    plain = pair_stage([folder], tmp_path / "plain", Pairing(test_share=0.25), report=quiet)
    how = Pairing(test_share=0.25, balance=True)
    balanced = pair_stage([folder], tmp_path / "balanced", how, report=quiet)
    assert balanced["report"]["train"]["length"]["longer_wins"] == 0.5
    assert balanced["report"]["test"] == plain["report"]["test"]
    left = pairs(tmp_path / "balanced/dropped/balance.jsonl.zst")
    assert len(left) == balanced["left_out_for_balance"] > 0
    kept = balanced["report"]["train"]["length"]["pairs"]
    assert kept + len(left) == plain["report"]["train"]["length"]["pairs"]


RECIPE = """
kind = "prefer"
name = "tiny"
[statements]
paths = ["in"]
[generate]
models = ["one", "two"]
temperatures = [0.7]
[score]
judges = ["judge"]
[pair]
margin = 1.0
test_share = 0.3
"""


def opened(names: Sequence[str], context: int = 0) -> list[Model]:
    made: dict[str, Model] = {
        "one": Counting("one", "1 "),
        "two": Counting("two", "2 "),
        "judge": judging(lambda shown: verdict(5 if "\n1 " in shown else 3)),
    }
    return [made[name] for name in names]


def tiny(tmp_path: Path, text: str = RECIPE) -> Recipe:
    (tmp_path / "tiny.toml").write_text(text)
    return load(tmp_path / "tiny.toml")


def test_a_recipe_from_statements_to_pairs(tmp_path: Path) -> None:
    statements(tmp_path / "in")
    recipe = tiny(tmp_path)
    first = dict(run(recipe, tmp_path, tmp_path / "out", opened, quiet))
    assert list(first) == ["candidates", "scored", "pairs"]
    made = pairs(tmp_path / "out/pairs/data/train.jsonl.zst") + pairs(tmp_path / "out/pairs/data/test.jsonl.zst")
    assert len(made) == 6 and all(one.chosen.model == "one" and one.margin == 2 for one in made)
    assert dict(run(recipe, tmp_path, tmp_path / "out", opened, quiet)) == {
        name: json.loads((tmp_path / "out" / name / "manifest.json").read_text()) for name in first
    }


def test_a_recipe_whose_judge_cannot_be_had_asks_nobody(tmp_path: Path) -> None:
    statements(tmp_path / "in")
    recipe = tiny(tmp_path)
    asked: list[str] = []

    def some(names: Sequence[str], context: int) -> list[Model]:
        asked.extend(names)
        if "judge" in names:
            raise ConfigError("no model judge here")
        return opened(names)

    with pytest.raises(ConfigError):
        list(run(recipe, tmp_path, tmp_path / "out", some, quiet))
    assert asked == ["one", "two", "judge"] and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "says_"),
    [
        ("margin = 1.0", "margins = 1.0", "did you mean margin"),
        ('judges = ["judge"]', "", "score names nobody"),
        ('models = ["one", "two"]', "models = []", "names nobody"),
        ("margin = 1.0", "margin = 9.0", "margin must be"),
        ('kind = "prefer"', 'kind = "screen"', "kind screen"),
    ],
)
def test_a_recipe_that_cannot_be_used_says_why(tmp_path: Path, old: str, new: str, says_: str) -> None:
    with pytest.raises(ConfigError, match=says_):
        tiny(tmp_path, RECIPE.replace(old, new))


def test_every_shipped_recipe_of_this_kind_can_be_read() -> None:
    shipped = [path for path in RECIPES.rglob("*.toml") if load_toml(path).get("kind") == "prefer"]
    assert RECIPES / "prefer" / "psychocounsel.toml" in shipped
    for path in shipped:
        assert load(path).name == path.stem


def test_a_broken_candidate_costs_only_its_statement(tmp_path: Path) -> None:
    folder = tmp_path / "replies"
    folder.mkdir()
    good = scored_sample(reply("a", "s1"), reply("b", "s1"))
    write(folder / "a.jsonl", good, says("x", "s2", candidates=[{"id": "1"}]), says("y", "s3", candidates="none"))
    out = tmp_path / "scored"
    judge = Judge(judging(lambda _: verdict(3)), Judging(notes=False))
    manifest = score_stage([folder], out, [judge], asking=Asking(ONCE), report=quiet)
    assert manifest["counts"]["dropped"] == {"unreadable": 2}
    assert manifest["agreement"]["unscored"] == {"judge: wrong_keys": 2}  # a note that was not asked for


def test_an_error_of_the_judges_own_is_no_score(tmp_path: Path) -> None:
    folder = tmp_path / "replies"
    folder.mkdir()
    write(folder / "a.jsonl", scored_sample(reply("a", "s1"), reply("b", "s1")))
    model = EchoModel(lambda messages: verdict(3), error=ModelBroken("garbage"), name="broken")
    manifest = score_stage([folder], tmp_path / "out", [Judge(model)], asking=Asking(ONCE), report=quiet)
    assert manifest["agreement"]["unscored"] == {"broken: model_broken": 2}
