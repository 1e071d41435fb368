"""From a clean clone to the first streamed word; installed size; memory of the idle server.

Clones the committed tree into an empty folder, runs `make install` there, starts `anxin serve`, asks for one turn in
Chinese, and weighs. Prints one JSON line and a table.

    python bench/footprint.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = "最近总是睡不着，脑子停不下来"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "anxin"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        clean = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
        began = time.monotonic()
        subprocess.run(["make", "-s", "install"], cwd=clone, check=True, env=clean, stdout=sys.stderr)
        installed = time.monotonic() - began
        python = clone / ".venv" / "bin" / "python"
        result = {
            "install_seconds": round(installed, 1),
            "core_megabytes": round(_core(clone / ".venv") / 1e6, 1),
            **_server(python, "mini", began),
        }
        result["idle_megabytes_without_model"] = _server(python, "echo", began)["idle_megabytes"]
    print(json.dumps(result))
    for key, value in result.items():
        print(f"{key:32} {value}")


def _core(venv: Path) -> int:
    """Bytes of the environment without pip and setuptools, which every environment has."""
    total = 0
    for path in venv.rglob("*"):
        if path.is_file() and not path.is_symlink() and "pip" not in path.parts and "setuptools" not in path.parts:
            total += path.stat().st_size
    return total


def _server(python: Path, model: str, began: float) -> dict[str, float]:
    """Start the server on a free port; idle memory before and after the first turn, and when its first word came."""
    command = [str(python), "-m", "anxin", "serve", "--model", model, "--port", "8765"]
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "ANXIN_HOME": home}
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait("http://127.0.0.1:8765/readyz")
            time.sleep(2)
            idle = _resident(process.pid)
            body = json.dumps({"model": "anxin", "stream": True, "messages": [{"role": "user", "content": TEXT}]})
            request = urllib.request.Request(
                "http://127.0.0.1:8765/v1/chat/completions", body.encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=120) as answer:
                for line in answer:
                    if b'"content":"' in line.replace(b'"content": "', b'"content":"') and b'"content":""' not in line:
                        first = time.monotonic() - began
                        break
                answer.read()
            return {
                "first_word_seconds_from_clone": round(first, 1),
                "idle_megabytes": round(idle / 1e6, 1),
                "megabytes_after_a_turn": round(_resident(process.pid) / 1e6, 1),
            }
        finally:
            process.terminate()
            process.wait(20)


def _wait(url: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} did not answer within a minute")


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main()
