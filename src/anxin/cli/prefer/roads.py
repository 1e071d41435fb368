"""`anxin prefer safety | votes | corrupt | corrections | ratings`: pairs that need no scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from anxin.cli.terminal import bars, complain, notes

if TYPE_CHECKING:
    from anxin.corpus.complete import Done
    from anxin.prefer.roads import Keep

__all__ = ["corrections", "corrupt", "ratings", "safety", "votes"]

_IN = Annotated[
    Path, typer.Argument(metavar="IN", help="A stage's folder or a file of samples; with --source the folder of data.")
]
_EXPORT = Annotated[Path, typer.Argument(metavar="IN", help="The service's export: its folder, or the file.")]
_OUT = Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the pairs.")]
_SOURCE = Annotated[
    list[str] | None, typer.Option(help="Read this known set (anxin corpus sources) from IN; repeatable.")
]
_ACCEPT = Annotated[list[str] | None, typer.Option(help="Use this set although its licence does not allow it.")]
_TEST = Annotated[float, typer.Option(help="Share of the conversations kept for testing.")]
_BALANCE = Annotated[bool, typer.Option("--balance", help="Thin training pairs until length tells nothing.")]
_RATIO = Annotated[float, typer.Option(help="Most one reply may be longer than the other, in times (0: any).")]
_CRISIS = Annotated[bool, typer.Option("--crisis", help="Keep prompts at T2 and above.")]
_LANGUAGE = Annotated[list[str] | None, typer.Option(help="Only this language; repeatable. Else zh and en.")]
_SEED = Annotated[int, typer.Option(help="Of the split and of what is drawn.")]
_STYLE = Annotated[
    Literal["stand_in", "placeholder"], typer.Option(help="Personal data becomes a stand-in or a placeholder.")
]
_JSON = Annotated[bool, typer.Option("--json", help="The manifest's figures on stdout.")]


def safety(
    place: _IN,
    out: _OUT,
    source: _SOURCE = None,
    rejected_unsafe: Annotated[
        bool, typer.Option("--rejected-unsafe", help="Only where the set says the other reply is unsafe.")
    ] = False,
    labelled: Annotated[
        bool, typer.Option("--labelled", help="Only where the set says which replies are safe.")
    ] = False,
    contradicted: Annotated[
        bool, typer.Option("--contradicted", help="Keep pairs whose preferred reply is the unsafe one.")
    ] = False,
    spare: Annotated[
        list[str] | None, typer.Option(help="A rule of the guard the chosen reply may break, such as refusal.")
    ] = None,
    ratio: _RATIO = 0.0,
    balance: _BALANCE = False,
    crisis: _CRISIS = False,
    language: _LANGUAGE = None,
    test_share: _TEST = 0.1,
    accept: _ACCEPT = None,
    seed: _SEED = 1,
    as_json: _JSON = False,
) -> None:
    """Pairs of sets that say which reply does less harm: PKU-SafeRLHF, hh-rlhf, JADE, or samples with such metadata.

    Prompts in which a client is at risk (T2 and above) stay out, and are counted.

    Example: anxin prefer safety data runs/pairs/safety --source jade --source hh_rlhf_harmless
    """
    from anxin.prefer.roads import Safety, Sorting, safety_stage

    keep = _keep(ratio, crisis, language, spare)
    how = Safety(rejected_unsafe, labelled, contradicted, tuple(accept or ()), keep)
    with bars(notes()) as report:
        done = safety_stage(
            place, out, how, Sorting(test_share, balance, "no", seed), sources=source or (), report=report
        )
    _told(done, out, as_json)


def votes(
    place: _IN,
    out: _OUT,
    source: _SOURCE = None,
    margin: Annotated[int, typer.Option(help="Votes the chosen answer has more than the other.")] = 3,
    times: Annotated[float, typer.Option(help="So many times the other's votes, too (0: any).")] = 0.0,
    by_views: Annotated[
        bool, typer.Option("--by-views", help="The chosen one must also have more votes a view.")
    ] = False,
    most: Annotated[int, typer.Option(help="Pairs of one question, the widest margins first (0: all).")] = 3,
    ratio: _RATIO = 0.0,
    balance: _BALANCE = False,
    crisis: _CRISIS = False,
    language: _LANGUAGE = None,
    test_share: _TEST = 0.1,
    accept: _ACCEPT = None,
    seed: _SEED = 1,
    as_json: _JSON = False,
) -> None:
    """Pairs of answers to one question by their votes. Answers are cleaned of links, adverts and personal data.

    Longer answers get more votes: --ratio holds lengths together, --balance thins, and the report says what is left.

    Example: anxin prefer votes data runs/pairs/votes --source counsel_chat --margin 3 --ratio 2
    """
    from anxin.prefer.roads import Sorting, Votes, votes_stage

    how = Votes(margin, times, by_views, most, tuple(accept or ()), _keep(ratio, crisis, language))
    with bars(notes()) as report:
        done = votes_stage(
            place, out, how, Sorting(test_share, balance, "no", seed), sources=source or (), report=report
        )
    _told(done, out, as_json)


def corrupt(
    place: _IN,
    out: _OUT,
    source: _SOURCE = None,
    kinds: Annotated[list[str] | None, typer.Option(help="A kind of failure, such as nonsense; else all.")] = None,
    share: Annotated[float, typer.Option(help="Share of the dialogues.")] = 1.0,
    each: Annotated[int, typer.Option(help="Replies of one dialogue, each with another kind.")] = 1,
    even: Annotated[
        Literal["no", "kinds", "both"], typer.Option(help="As many of each kind, in a language or in both.")
    ] = "kinds",
    purpose: Annotated[Literal["train", "evaluate"], typer.Option(help="Only train: they are synthetic.")] = "train",
    balance: _BALANCE = False,
    language: _LANGUAGE = None,
    accept: _ACCEPT = None,
    seed: _SEED = 1,
    as_json: _JSON = False,
) -> None:
    """Pairs of a counsellor's reply and the same reply gone wrong by rule. Synthetic, marked so, for training only.

    The manifest tells how far length, first words and single words separate the two sides.

    Example: anxin prefer corrupt runs/corpus/mine/clean runs/pairs/corrupt --share 0.5
    Example: anxin prefer corrupt data runs/pairs/corrupt --source cpsycound --kinds nonsense --kinds minimising
    """
    from anxin.prefer.roads import Corrupt, Sorting, corrupt_stage

    how = Corrupt(
        tuple(kinds or ()), share, each, seed=seed, accept=tuple(accept or ()), keep=_keep(0.0, False, language)
    )
    with bars(notes()) as report:
        done = corrupt_stage(
            place, out, how, Sorting(0.0, balance, even, seed), purpose=purpose, sources=source or (), report=report
        )
    _told(done, out, as_json)


def corrections(
    place: _EXPORT,
    out: _OUT,
    role: Annotated[list[str] | None, typer.Option(help="Whose corrections count; else counsellor.")] = None,
    style: _STYLE = "stand_in",
    test_share: _TEST = 0.1,
    seed: _SEED = 1,
    as_json: _JSON = False,
) -> None:
    """Pairs of a counsellor's correction and the model's reply, from the service's corrections.jsonl.

    Only with the client's consent to training, not withdrawn since; never a conversation that touches crisis; without
    personal data. Of what is refused no word is written.

    Example: anxin prefer corrections export runs/pairs/corrections
    """
    from anxin.prefer.roads import Corrections, Sorting, corrections_stage

    how = Corrections(tuple(role or ("counsellor",)), style)
    with bars(notes()) as report:
        done = corrections_stage(place, out, how, Sorting(test_share, seed=seed), report=report)
    _told(done, out, as_json)


def ratings(
    place: _EXPORT,
    out: _OUT,
    margin: Annotated[float, typer.Option(help="Least difference of the mean axes, above 0 to 4.")] = 1.0,
    by: Annotated[list[str] | None, typer.Option(help="Whose ratings count; else everybody's.")] = None,
    style: _STYLE = "stand_in",
    test_share: _TEST = 0.1,
    seed: _SEED = 1,
    as_json: _JSON = False,
) -> None:
    """Pairs of replies to the same words by the service's ratings.jsonl, and thumbs as single labels.

    Labels (TRL's unpaired format) go to labels/train.jsonl.zst. Consent, crisis and personal data: as corrections.

    Example: anxin prefer ratings export runs/pairs/ratings
    """
    from anxin.prefer.roads import Ratings, Sorting, ratings_stage

    how = Ratings(margin, tuple(by or ()), style)
    with bars(notes()) as report:
        done = ratings_stage(place, out, how, Sorting(test_share, seed=seed), report=report)
    _told(done, out, as_json)


def _keep(ratio: float, crisis: bool, language: list[str] | None, spare: list[str] | None = None) -> Keep:
    from anxin.prefer.roads import Keep

    return Keep(tuple(language or ("zh", "en")), ratio=ratio, crisis=crisis, spare=tuple(spare or ()))


def _told(done: Done, out: Path, as_json: bool) -> None:
    """What the stage did: to the eye on stderr, its folder or figures on stdout."""
    console, tally, body = notes(), done.tally, done.manifest

    def line(text: str) -> None:
        console.print(text, soft_wrap=True, markup=False)

    def counted(counts: Any) -> str:
        return ", ".join(f"{what} {count}" for what, count in counts.items())

    line(f"{tally.read} read, {tally.kept} gave pairs" + (", complete already" if done.skipped else ""))
    for title, counts in (
        ("left out", body["counts"]["dropped"]),
        ("couples", body["couples"]),
        ("pairs left out", body["left_out"]),
        ("labels", body.get("labels", {})),
        ("pairs", body["by"]),
    ):
        if counts:
            line(f"  {title}: {counted(counts)}")
    for split, told in body["report"].items():
        length = told["length"]
        line(
            f"  {split.partition('.')[0]}: {length['pairs']} pairs, longer wins {length['longer_wins']}, "
            f"characters {length['mean_chosen']} chosen, {length['mean_rejected']} rejected"
        )
    if separable := body.get("separable"):
        line(f"  told apart by (.5 is not at all): {counted(separable)}")
    for where in done.damage[:20]:
        complain(where)
    keys = ("counts", "couples", "left_out", "by", "report", "labels", "separable", "licences")
    typer.echo(json.dumps({key: body[key] for key in keys if key in body}, ensure_ascii=False) if as_json else str(out))
