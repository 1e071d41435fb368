"""The desk over HTTP: who is let in, what is written down, what nobody is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import anxin.corpus.review
import anxin.prefer
from anxin.corpus.review import Reviewed, draw, read_decisions
from anxin.corpus.review.desk import Desk, named
from anxin.corpus.review.reviewing import Reviewing
from anxin.corpus.sample import Drop, Sample
from anxin.errors import ConfigError, DataError

from .parts import stage

PAGES = [Path(str(package.__file__)).parent / "page" for package in (anxin.corpus.review, anxin.prefer)]


@pytest.fixture
def review(tmp_path: Path) -> Path:
    draw(stage(tmp_path / "s"), tmp_path / "r", size=8, by="reason", also=["dropped"])
    return tmp_path / "r"


@pytest.fixture
def desk(review: Path) -> Iterator[httpx.Client]:
    with Desk(Reviewing(review)) as desk:
        address, token = desk.address.split("#")
        with httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
            yield client


def _begin(desk: httpx.Client, person: str = "lin") -> dict[str, Any]:
    answer = desk.post("/api/begin", json={"person": person})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def _answer(desk: httpx.Client, key: str, person: str = "lin", **body: Any) -> httpx.Response:
    return desk.post("/api/answers", json={"person": person, "item": key, **body})


def test_without_the_token_nothing_is_told(desk: httpx.Client) -> None:
    key = _begin(desk)["items"][0]
    for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": ""}):
        bare = httpx.Client(base_url=desk.base_url, headers=header, trust_env=False)
        with bare:
            assert bare.get("/").status_code == 200, "the empty page holds nothing of the corpus"
            for answer in (
                bare.get(f"/api/items/{key}"),
                bare.post("/api/begin", json={"person": "lin"}),
                bare.post("/api/answers", json={"person": "lin", "item": key, "choice": "accept"}),
            ):
                assert answer.status_code == 403
                assert "睡不着" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:80"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "["},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_pages_and_rebound_names_are_turned_away_with_the_token_too(
    desk: httpx.Client, review: Path, headers: dict[str, str]
) -> None:
    key = _begin(desk)["items"][0]
    body = json.dumps({"person": "lin", "item": key, "choice": "accept"})
    assert desk.post("/api/answers", content=body, headers=headers).status_code == 403
    assert desk.get(f"/api/items/{key}", headers=headers).status_code == 403
    assert not (review / "decisions.jsonl").exists()


def test_the_page_itself_may_write_and_reads_nothing_from_outside(desk: httpx.Client) -> None:
    key = _begin(desk)["items"][0]
    own = {"origin": str(desk.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert desk.post("/api/answers", json={"person": "l", "item": key, "choice": "accept"}, headers=own).is_success
    for path in ("/", "/desk.js", "/desk.css", "/work.js"):
        answer = desk.get(path)
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("page", PAGES)
def test_text_is_never_read_as_html_and_nothing_comes_from_elsewhere(page: Path) -> None:
    files = list(page.iterdir())
    assert files
    for file in files:
        source = file.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|style=", source), file
        assert not re.search(r"https?://|@import|url\(", source), file


def test_what_is_decided_is_on_the_disk_when_it_is_answered_and_comes_back_as_the_step(
    desk: httpx.Client, review: Path
) -> None:
    items = _begin(desk)["items"]
    shown = {key: desk.get(f"/api/items/{key}").json() for key in items}
    kept = [key for key in items if shown[key]["where"] == "kept"]
    assert _answer(desk, kept[0], choice="accept").json() == {"answer": {"choice": "accept", "why": "", "note": ""}}
    assert _answer(desk, kept[1], choice="reject", why="poor_advice", note=" 劝人忍 ").is_success
    assert _answer(desk, kept[2], choice="fix", texts={"1": "我在听。"}).is_success
    assert [d.choice for d in read_decisions(review) if not hasattr(d, "excerpt")] == ["accept", "reject", "fix"]

    step, work = Reviewed(str(review)), Reviewing(review)
    made = [step(work._items[key].sample) for key in kept[:3]]
    assert isinstance(made[0], Sample)
    assert made[1] == Drop("rejected_by_review", "poor_advice: 劝人忍")
    assert isinstance(made[2], Sample) and made[2].dialogue.messages[1].text == "我在听。"


def test_a_message_that_was_emptied_is_taken_out(desk: httpx.Client, review: Path) -> None:
    key = _begin(desk)["items"][0]
    answer = _answer(desk, key, choice="fix", texts={"0": " "}).json()["answer"]
    assert [message["role"] for message in answer["messages"]] == ["counsellor"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"choice": "reject"}, "says why"),
        ({"choice": "reject", "why": "because"}, "why is one of"),
        ({"choice": "maybe"}, "choice is one of"),
        ({}, "no choice"),
        ({"choice": "fix"}, "new texts"),
        ({"choice": "fix", "texts": {}}, "nothing was changed"),
        ({"choice": "fix", "texts": {"0": "", "1": ""}}, "leaves nothing over"),
        ({"choice": "fix", "texts": {"7": "x"}}, "not there"),
        ({"choice": "fix", "texts": {"0": 3}}, "new texts"),
        ({"choice": "accept", "note": "x" * 5000}, "at most"),
        ({"choice": "accept", "person": " \n "}, "a name has"),
        ({"choice": "accept", "person": "x" * 61}, "a name has"),
    ],
)
def test_what_is_no_decision_is_refused_and_not_written(
    desk: httpx.Client, review: Path, body: dict[str, Any], why: str
) -> None:
    key = _begin(desk)["items"][0]
    answer = desk.post("/api/answers", json={"person": "lin", "item": key} | body)
    assert answer.status_code == 422
    assert why in answer.json()["message"]
    assert not (review / "decisions.jsonl").exists()


def test_what_is_no_json_and_what_is_not_there_is_refused(desk: httpx.Client) -> None:
    assert desk.post("/api/answers", content=b"[" * 100_000).status_code == 422
    assert desk.post("/api/answers", content=b"[]").status_code == 422
    assert _answer(desk, "0" * 16, choice="accept").status_code == 404
    assert desk.get("/api/items/..%2F..%2Fmanifest.json").status_code == 404
    assert desk.get("/openapi.json").status_code == 404


def test_reviewers_see_the_same_items_in_their_own_order_and_not_each_others_decisions(desk: httpx.Client) -> None:
    lin, mo = _begin(desk, "lin"), _begin(desk, "mo")
    assert sorted(lin["items"]) == sorted(mo["items"])
    assert lin["items"] != mo["items"]
    assert _begin(desk, "lin")["items"] == lin["items"], "one's own order stays"
    key = lin["items"][0]
    _answer(desk, key, "lin", choice="reject", note="a secret note")
    assert _begin(desk, "lin")["answers"][key]["note"] == "a secret note"
    assert _begin(desk, "mo")["answers"] == {}
    assert "secret" not in desk.get(f"/api/items/{key}").text


def test_an_undone_decision_is_gone_after_a_new_start_too(desk: httpx.Client, review: Path) -> None:
    key = _begin(desk)["items"][0]
    _answer(desk, key, choice="accept")
    assert _answer(desk, key, choice="undo").json() == {"answer": None}
    assert _begin(desk)["answers"] == {}
    with Desk(Reviewing(review)) as again:
        address, token = again.address.split("#")
        with httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
            assert _begin(client)["answers"] == {}
            assert _answer(client, key, choice="unsure").is_success
    assert _begin(desk)["answers"][key]["choice"] == "unsure", "two desks may write one review"


def test_the_reviewer_named_at_the_start_is_who_decides(review: Path) -> None:
    with Desk(Reviewing(review), person="  Li   Wei ") as desk:
        address, token = desk.address.split("#")
        with httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
            assert client.get("/api/desk").json() == {"person": "Li Wei"}
            key = _begin(client, "somebody else")["items"][0]
            _answer(client, key, "somebody else", choice="accept")
    assert [decision.reviewer for decision in read_decisions(review) if not hasattr(decision, "excerpt")] == ["Li Wei"]


def test_half_a_surrogate_pair_is_shown(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": "1", "messages": [{"role": "user", "content": "a\\ud83d"}]}\n')
    draw(tmp_path / "x.jsonl", tmp_path / "r")
    work = Reviewing(tmp_path / "r")
    with Desk(work) as desk:
        address, token = desk.address.split("#")
        with httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
            key = _begin(client)["items"][0]
            assert '"a\\ud83d"' in client.get(f"/api/items/{key}").text
            assert _answer(client, key, choice="accept", note="ok").is_success


def test_a_port_in_use_is_said() -> None:
    class Nothing:
        script = ""

    with (
        Desk(Nothing()) as desk,  # type: ignore[arg-type]
        pytest.raises(ConfigError, match="leave --port away"),
    ):
        Desk(Nothing(), int(desk.address.split(":")[2].split("/")[0]))  # type: ignore[arg-type]


def test_names_have_one_spelling() -> None:
    assert named(" 林　医生 ") == "林 医生"
    assert named("Zoe\u0308") == named("Zo\u00eb")
    for bad in ("", " ", "a\u202eb", "x" * 61):
        with pytest.raises(DataError):
            named(bad)
