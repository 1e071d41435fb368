"""What goes with the file: the check of its template, the Modelfile, the card, the checksum, and where it is pushed."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("gguf")
pytest.importorskip("transformers")

from anxin.cli import app
from anxin.errors import ConfigError, DataError
from anxin.export import Card, convert, load_tokenizer, modelfile, push, write_checksum
from anxin.model.gguf import read_header
from tests.export.shapes import CHATML, checkpoint

pytestmark = pytest.mark.filterwarnings("ignore")
QWEN25 = (
    "{%- if messages[0].role == 'system' %}{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}"
    "{%- else %}{{- '<|im_start|>system\\nYou are Qwen.<|im_end|>\\n' }}{%- endif %}"
    "{%- for message in messages %}{%- if message.role != 'system' %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
    "{%- endif %}"
)
NO_SYSTEM = CHATML.replace(
    "{%- for message in messages %}", "{%- for message in messages if message.role != 'system' %}"
)
NONE_ALLOWED = "{%- if messages[0].role == 'system' %}{{ raise_exception('no system') }}{%- endif %}" + CHATML


def _run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["export", *map(str, arguments)])
    text = result.output + (f"\n{result.exception}" if result.exception else "")
    return result.exit_code, text


def _model(folder: Path, template: str = CHATML, **options: Any) -> Path:
    checkpoint(folder, options.pop("family", "qwen3"), **options)
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("options", "template", "dialogues"),
    [
        ({}, CHATML, 5),
        ({}, QWEN25, 10),  # with thinking and without
        ({"family": "llama", "tokenizer": "llama3"}, "{{- bos_token }}" + CHATML, 5),
        ({"family": "llama", "tokenizer": "fast"}, NONE_ALLOWED, 2),
    ],
)
def test_both_read_the_same_dialogues(options: dict[str, Any], template: str, dialogues: int, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    folder = _model(tmp_path / "m", template, **options)
    code, text = _run(folder, tmp_path / "out.gguf")
    assert code == 0, text
    assert f"{dialogues} dialogues and 4 texts: the same tokens" in text
    digest = hashlib.sha256((tmp_path / "out.gguf").read_bytes()).hexdigest()
    assert (tmp_path / "out.gguf.sha256").read_text() == f"{digest}  out.gguf\n"


def test_a_file_that_reads_otherwise_is_not_written(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    folder = _model(tmp_path / "m")
    out = tmp_path / "out.gguf"
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"]["!Ċ"] = max(tokenizer["added_tokens"][-1]["id"], len(tokenizer["model"]["vocab"])) + 1
    tokenizer["model"]["merges"].append(["!", "Ċ"])
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    # Qwen2 keeps a line break with the mark before it; GPT-2 splits them.
    code, text = _run(folder, out, "--pre", "gpt-2")
    assert code != 0 and "does not read text as the checkpoint does" in text and "--unchecked" in text
    assert not list(tmp_path.glob("out*"))
    code, text = _run(folder, out, "--pre", "gpt-2", "--unchecked")
    assert code == 0 and out.exists()


def test_a_wrong_template_is_told(tmp_path: Path) -> None:
    """The fault of the field: the file's template is not the one that training used."""
    pytest.importorskip("xllamacpp")
    from anxin.export import compare, export_gguf

    folder = _model(tmp_path / "m", NO_SYSTEM)
    export_gguf(folder, tmp_path / "out.gguf", "q8_0", "x", {})
    (folder / "chat_template.jinja").write_text(CHATML)
    agreement = compare(folder, tmp_path / "out.gguf")
    assert len(agreement.differences) == 3  # the dialogues with a system prompt
    assert agreement.differences[0].startswith("a system prompt: token 2 is")


def test_a_template_without_system_prompts_is_for_models_that_get_none(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    folder = _model(tmp_path / "m", NO_SYSTEM, family="qwen2")
    code, text = _run(folder, tmp_path / "out.gguf")
    assert code != 0 and "--no-instructable" in text and not (tmp_path / "out.gguf").exists()
    code, text = _run(folder, tmp_path / "out.gguf", "--no-instructable")
    assert code == 0 and "5 dialogues" in text, text


def _say(template: str, tmp_path: Path, **more: Any) -> str:
    settings: dict[str, Any] = {"temperature": 0.7, "context": 4096, **more}
    return modelfile(load_tokenizer(_model(tmp_path / "m", template)), "x.gguf", **settings)


def _rendered(text: str, messages: list[tuple[str, str]]) -> str:
    """What Go's template language makes of the little of it that is used: a loop, one condition, two fields."""
    template = text.partition('TEMPLATE """')[2].partition('"""')[0]
    loop, _, rest = template.removeprefix("{{ range .Messages }}").rpartition("{{ end }}")
    said = ""
    for role, content in messages:
        one = loop
        if one.startswith('{{ if ne .Role "system" }}'):
            one = "" if role == "system" else one.removeprefix('{{ if ne .Role "system" }}').removesuffix("{{ end }}")
        said += one.replace("{{ .Role }}", role).replace("{{ .Content }}", content)
    assert "{{" not in said + rest
    return said + rest


def test_a_modelfile_says_the_same_in_go(tmp_path: Path) -> None:
    text = _say(CHATML, tmp_path, licence="Apache-2.0")
    led = [("system", "Be kind."), ("user", "你好")]
    wanted = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\n"
    assert _rendered(text, led) == wanted
    assert "FROM ./x.gguf\n" in text and 'PARAMETER stop "<|im_end|>"' in text and "SYSTEM" not in text
    assert "PARAMETER num_ctx 4096" in text and 'LICENSE """Apache-2.0"""' in text


def test_a_modelfile_leaves_out_what_training_left_out(tmp_path: Path) -> None:
    text = _say(NO_SYSTEM, tmp_path)
    assert _rendered(text, [("system", "x"), ("user", "hi")]) == (
        "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_modelfile_keeps_the_template_s_own_prompt(tmp_path: Path) -> None:
    assert 'SYSTEM """You are Qwen."""' in _say(QWEN25, tmp_path)
    assert 'SYSTEM """Mine."""' in _say(QWEN25, tmp_path / "b", system="Mine.")


def test_a_template_that_is_not_known_is_not_guessed(tmp_path: Path) -> None:
    text = _say("{%- for message in messages %}[{{ message.content }}]{%- endfor %}", tmp_path)
    assert "TEMPLATE" not in text and "recognises itself" in text
    with pytest.raises(ConfigError, match='"""'):
        _say(CHATML, tmp_path / "b", system='a """ b')


def _card(**more: Any) -> Card:
    return Card("x", "x.gguf", 1234567, "ab" * 32, "q8_0", "Apache-2.0", **more)


def test_the_card_is_read_by_hubs_and_people() -> None:
    text = _card(base="Qwen/Qwen3-1.7B", languages=["zh", "en"], data="docs/data.md", adapter="lora").text()
    front = dict(line.split(": ", 1) for line in text.split("---\n")[1].splitlines())
    assert json.loads(front["license"]) == "Apache-2.0" and json.loads(front["base_model"]) == "Qwen/Qwen3-1.7B"
    assert json.loads(front["language"]) == ["zh", "en"]
    for word in ("1,234,567 bytes", "ab" * 32, "docs/data.md", "--unchecked", "no substitute", "sha256sum -c"):
        assert word in text
    assert "a demonstration" in _card(demonstration=True).text()


def test_nothing_is_pushed_without_a_licence(tmp_path: Path) -> None:
    folder = _model(tmp_path / "m")
    code, text = _run(folder, tmp_path / "x.gguf", "--push", tmp_path / "to", "--unchecked")
    assert code != 0 and "--licence" in text
    assert not (tmp_path / "x.gguf").exists() and not (tmp_path / "to").exists()
    with pytest.raises(ConfigError, match="licence"):
        push(str(tmp_path / "to"), {}, "")


def test_a_folder_gets_it_all_and_keeps_its_own_card(tmp_path: Path) -> None:
    folder, to = _model(tmp_path / "m"), tmp_path / "to"
    options = ("--unchecked", "--licence", "MIT", "--modelfile", "--push", to)
    code, text = _run(folder, tmp_path / "x.gguf", *options)
    assert code == 0, text
    assert sorted(path.name for path in to.iterdir()) == ["Modelfile", "README.md", "x.gguf", "x.gguf.sha256"]
    assert (to / "x.gguf").read_bytes() == (tmp_path / "x.gguf").read_bytes()
    card = (to / "README.md").read_text()
    code, text = _run(folder, tmp_path / "y.gguf", "--quantise", "f16", *options)
    assert code == 0, text
    assert (to / "README.md").read_text() == card and "f16" in (to / "y.md").read_text()


class _Hub:
    def __init__(self, carded: bool = False) -> None:
        self.carded, self.repos, self.sent = carded, dict[str, bool](), dict[str, Path]()

    def create_repo(self, name: str, private: bool, exist_ok: bool) -> None:
        assert exist_ok
        self.repos[name] = private

    def file_exists(self, name: str, file: str) -> bool:
        return self.carded and file == "README.md"

    def upload_file(self, path_or_fileobj: Path, path_in_repo: str, repo_id: str) -> None:
        self.sent[f"{repo_id}/{path_in_repo}"] = path_or_fileobj


@pytest.mark.parametrize("carded", [False, True])
def test_a_hub_gets_it_private(carded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    hub = _Hub(carded)
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: hub)
    file, card = tmp_path / "x.gguf", tmp_path / "x.md"
    file.write_bytes(b"1")
    card.write_text("card")
    assert push("hf:me/ours", {"x.gguf": file, "README.md": card}, "MIT") == "hf:me/ours"
    assert hub.repos == {"me/ours": True}
    assert set(hub.sent) == {"me/ours/x.gguf", "me/ours/x.md" if carded else "me/ours/README.md"}


def test_a_hub_that_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    class Refuses(_Hub):
        def create_repo(self, name: str, private: bool, exist_ok: bool) -> None:
            raise OSError("no token")

    monkeypatch.setattr(huggingface_hub, "HfApi", Refuses)
    file = tmp_path / "x.gguf"
    file.write_bytes(b"1")
    with pytest.raises(DataError, match="does not take it"):
        push("hf:me/ours", {"x.gguf": file}, "MIT")
    with pytest.raises(ConfigError, match="owner/name"):
        push("hf:ours", {"x.gguf": file}, "MIT")
    with pytest.raises(DataError, match="is not there"):
        push("hf:me/ours", {"y.gguf": tmp_path / "y.gguf"}, "MIT")


SCRIPT = """
import pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("--outfile") + 1])
if "bad" in sys.argv[1]:
    out.write_text("half")
    sys.exit("Model FancyForCausalLM is not supported")
out.write_text(" ".join(sys.argv[1:]))
"""


def _checkout(folder: Path) -> Path:
    folder.mkdir()
    (folder / "convert_hf_to_gguf.py").write_text(SCRIPT)
    return folder


def test_any_other_architecture_by_a_checkout(tmp_path: Path) -> None:
    checkout = _checkout(tmp_path / "llama.cpp")
    convert(checkout, tmp_path / "m", tmp_path / "x.gguf", "q8_0", "name")
    assert "--outtype q8_0 --model-name name" in (tmp_path / "x.gguf").read_text()
    with pytest.raises(DataError, match=r"convert_hf_to_gguf\.py failed: Model FancyForCausalLM is not supported"):
        convert(checkout, tmp_path / "bad", tmp_path / "y.gguf", "q8_0", "name")
    with pytest.raises(ConfigError, match=r"not a llama\.cpp checkout"):
        convert(tmp_path, tmp_path / "m", tmp_path / "y.gguf", "q8_0", "name")
    assert not list(tmp_path.glob("y*"))
    code, text = _run(tmp_path / "m", tmp_path / "z.gguf", "--converter", checkout, "--unchecked")
    assert code == 0 and (tmp_path / "z.gguf.sha256").exists(), text
    code, text = _run(tmp_path / "m", tmp_path / "z.gguf", "--converter", checkout, "--demonstration")
    assert code != 0 and "as it is" in text


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the program")
def test_the_checkout_s_own_quantiser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    checkout = _checkout(tmp_path / "llama.cpp")
    with pytest.raises(ConfigError, match="needs llama-quantize"):
        convert(checkout, tmp_path / "m", tmp_path / "x.gguf", "q4_k_m", "name")
    program = checkout / "build" / "bin" / "llama-quantize"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nwhile read -r line; do :; done < "$1"\necho "$3" > "$2"\n')
    program.chmod(0o755)
    convert(checkout, tmp_path / "m", tmp_path / "x.gguf", "q4_k_m", "name")
    assert (tmp_path / "x.gguf").read_text() == "q4_k_m\n"
    assert sorted(path.name for path in tmp_path.iterdir() if "gguf" in path.name) == ["x.gguf"]


def test_an_unknown_architecture_names_the_way(tmp_path: Path) -> None:
    folder = _model(tmp_path / "m", architectures=["FancyForCausalLM"])
    code, text = _run(folder, tmp_path / "x.gguf")
    assert code != 0 and "FancyForCausalLM" in text and "--converter PATH" in text


def test_mini_at_four_bits_falls_back_and_loads(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    shape = {"hidden": 320, "feed_forward": 864, "layers": 2, "tied": True, "head_dim": 80}
    folder = _model(tmp_path / "m", NO_SYSTEM, **shape)
    code, text = _run(folder, tmp_path / "x.gguf", "--quantise", "q4_k_m", "--demonstration", "--no-instructable")
    assert code == 0 and "5 dialogues" in text, text
    header = read_header(tmp_path / "x.gguf")
    assert header.flag("anxin.demonstration", False) and not header.flag("anxin.instructable", True)


def test_a_checksum_is_what_sha256sum_reads(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert write_checksum(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
