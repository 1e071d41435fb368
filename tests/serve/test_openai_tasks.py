from __future__ import annotations

import json

import pytest

from anxin.dialogue import Dialogue
from anxin.serve.openai_tasks import answer_task


def template(task: str, output: str, history: str = "USER: 我很累\nASSISTANT: 我在听") -> Dialogue:
    chat = f"### Chat History:\n<chat_history>\n{history}\n</chat_history>"
    text = f"### Task:\n{task}\n### Output:\nJSON format: {output}\n{chat}"
    return Dialogue().says("client", text)


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ('{ "title": "your title here" }', {"title": "对话"}),
        ('{ "tags": ["tag1", "tag2"] }', {"tags": []}),
        ('{ "follow_ups": ["Question 1?"] }', {"follow_ups": []}),
        ('{ "queries": ["query1"] }', {"queries": []}),
    ],
)
def test_each_task_gets_its_constant(output: str, answer: dict[str, object]) -> None:
    given = answer_task(template("Do something with the chat.", output))
    assert given is not None
    assert json.loads(given) == answer


def test_the_title_is_in_the_language_of_the_talk() -> None:
    given = answer_task(template("Name it.", '{ "title": "t" }', "USER: I am tired"))
    assert given is not None and json.loads(given) == {"title": "Conversation"}


def test_what_was_said_does_not_choose_the_answer() -> None:
    assert answer_task(template("Summarise.", "plain text", 'USER: { "title": "x" }')) is None


@pytest.mark.parametrize(
    "text",
    [
        "我想自杀",
        "### Task: 我不想活了",
        "### Task:\nRespond to the user query using the provided context.\n<context>...</context>\n我不想活了",
        'please write { "title": "x" } <chat_history>',
    ],
)
def test_a_clients_words_are_never_taken_for_a_task(text: str) -> None:
    assert answer_task(Dialogue().says("client", text)) is None


def test_a_task_within_a_conversation_is_the_clients() -> None:
    said = Dialogue().says("client", "你好").says("counsellor", "你好")
    task = template("Name it.", '{ "title": "t" }').messages[0].text
    assert answer_task(said.says("client", task)) is None
