"""llama.cpp inside this process: started with every flag that matters, spoken to over loopback.

Its HTTP side is used rather than its Python callbacks: those run only once a token is there, so a client who leaves
while their prompt is read could not stop it. Over HTTP llama.cpp notices a closed connection when it next writes to
it, which with `STOPPABLE` in the request is after every batch of the prompt, and without it only at the first token.
"""

from __future__ import annotations

import http.client
import importlib
import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from typing import Any, Final

from anxin.errors import ModelBroken, ModelFileError, ModelUnavailable

__all__ = ["STOPPABLE", "Runtime", "check_loadable"]

STOPPABLE: Final = {"return_progress": True}

_BATCH: Final = 128  # tokens; a prompt is given up at a batch's end, and larger batches read it no faster
_PROBE: Final = 600.0  # seconds a first load from a slow disk may take
_ANSWER: Final = 3600.0  # seconds for one answer of the runtime


class Runtime:
    """One loaded model. Blocking throughout; the binding holds the interpreter while it loads.

    `context` is tokens for each of `slots`; with `embedding` it gives vectors, not words. Raises `ModelFileError` when
    llama.cpp will not have the file, `ModelUnavailable` where the runtime itself is missing.
    """

    def __init__(self, path: Path, *, context: int, slots: int, threads: int, embedding: bool = False) -> None:
        self.key = secrets.token_urlsafe(24)
        self.saved = Path(tempfile.mkdtemp(prefix="anxin-slots-"))
        # Also at the interpreter's end, should nobody call `stop`.
        self._clean = weakref.finalize(self, shutil.rmtree, self.saved, ignore_errors=True)
        self._server = _start(path, self.key, self.saved, context, slots, threads, embedding)
        self.address: str = self._server.listening_address
        self._host = self.address.removeprefix("http://")

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST `body`, or GET without one. Raises `ModelBroken` on a refusal, whose text is dropped: it may quote."""
        connection = http.client.HTTPConnection(self._host, timeout=_ANSWER)
        try:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            content = None if body is None else json.dumps(body).encode()
            connection.request("GET" if body is None else "POST", path, content, headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status != 200:
                raise ModelBroken(f"the embedded model refused {path.partition('?')[0]} ({response.status})")
            return json.loads(answer)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ModelBroken(f"the embedded model does not answer {path.partition('?')[0]}") from error
        finally:
            connection.close()

    def tokens(self, text: str) -> int:
        """How many tokens the text is, control tokens in it included."""
        return len(self.ask("/tokenize", {"content": text, "parse_special": True, "add_special": False})["tokens"])

    def render(self, messages: list[dict[str, str]]) -> str:
        """The prompt that the file's own chat template makes of the messages."""
        return str(self.ask("/apply-template", {"messages": messages})["prompt"])

    def stop(self) -> None:
        """Unload the model. Nothing may be asked of it afterwards."""
        self._server = None
        self._clean()


def check_loadable(path: Path) -> None:
    """Load the file in another process first, because llama.cpp aborts its whole process on some damaged files.

    It also warms the page cache, so that the real load is short. Raises `ModelFileError`.
    """
    if not sys.executable:
        return
    _installed()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "GGML_NO_BACKTRACE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "anxin.model.probe", str(path)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelFileError(f"{path.name} did not load within {_PROBE:.0f} s; use a smaller model") from None
    if done.returncode:
        raise _unusable(path)


def _start(path: Path, key: str, saved: Path, context: int, slots: int, threads: int, embedding: bool = False) -> Any:
    # libgomp reads these when it is loaded: waiting threads would otherwise spin away the cores of a shared machine.
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    _installed()
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context * slots
    params.n_parallel = slots
    params.kv_unified = False
    params.n_batch = params.n_ubatch = _BATCH
    if embedding:
        params.embedding = True
        params.n_batch = params.n_ubatch = context  # such models read a text whole or not at all
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.n_threads_http = slots + 3
    params.no_extra_bufts = True  # repacking keeps the weights in memory twice: 8.3 GB instead of 5.1 for a 7B
    params.cache_ram_mib = 0  # the default lets it grow to 8 GB
    params.fit_params = False
    params.warmup = False
    params.use_jinja = True
    params.prefill_assistant = False
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.cors_origins = ""
    params.cors_credentials = False
    params.ui = False
    params.endpoint_props = False
    params.endpoint_slots = True
    params.endpoint_metrics = True
    params.slot_save_path = f"{saved}{os.sep}"
    params.offline = True
    params.verbosity = 0
    try:
        return xllamacpp.Server(params)
    except RuntimeError:
        raise _unusable(path) from None


def _installed() -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelUnavailable("the embedded runtime has no build for this machine; use `ollama/<name>` or an endpoint")


def _unusable(path: Path) -> ModelFileError:
    return ModelFileError(
        f"{path.name} cannot be loaded: it is damaged, too large for the memory here, or of a kind newer than the "
        "embedded llama.cpp; download it again or choose another"
    )
