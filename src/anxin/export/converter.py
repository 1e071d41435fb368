"""Any other architecture: llama.cpp's own converter, from a checkout that the user names.

Its script is run as it is, in another process; its file gets its name only when it is whole.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from anxin.errors import ConfigError, DataError
from anxin.export.gguf_writer import QUANTISATIONS, Check, partial_of

__all__ = ["convert"]

_SCRIPT: Final = "convert_hf_to_gguf.py"
_PROGRAM: Final = "llama-quantize"


def convert(
    checkout: Path, folder: Path, out: Path, quantisation: str, name: str, *, check: Check | None = None
) -> None:
    """Write `out` by the converter of a llama.cpp checkout (or by the script itself, if that is what is named).

    q4_k_m also needs its `llama-quantize`, built in the checkout or on the path. Raises `ConfigError` where a part is
    missing, `DataError` with the converter's last line where it fails.
    """
    if quantisation not in QUANTISATIONS:
        raise ConfigError(f"quantisation must be one of {', '.join(QUANTISATIONS)}, not {quantisation}")
    script = checkout if checkout.is_file() else checkout / _SCRIPT
    if not script.exists():
        raise ConfigError(f"{checkout} is not a llama.cpp checkout: it has no {_SCRIPT}")
    program = _quantiser(script.parent) if quantisation == "q4_k_m" else ""
    partial, full = partial_of(out), out.with_name(f"{out.name}.full.part")
    out.parent.mkdir(parents=True, exist_ok=True)
    first, kind = (full, "auto") if program else (partial, quantisation)
    try:
        options = ["--outfile", str(first), "--outtype", kind, "--model-name", name]
        _run([sys.executable, str(script), str(folder), *options])
        if program:
            _run([program, str(full), str(partial), quantisation])
        if not partial.exists():
            raise DataError(f"{script.name} ended well but wrote no file")
        if check:
            check(partial)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
        full.unlink(missing_ok=True)


def _quantiser(checkout: Path) -> str:
    for folder in ("build/bin", "build", "."):
        if (checkout / folder / _PROGRAM).exists():
            return str(checkout / folder / _PROGRAM)
    found = shutil.which(_PROGRAM)
    if found is None:
        raise ConfigError(f"q4_k_m needs {_PROGRAM}: build it in {checkout}, put it on the path, or choose q8_0")
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        last = said[-1].strip() if said else "no word"
        raise DataError(f"{Path(command[1 if command[0] == sys.executable else 0]).name} failed: {last}")
