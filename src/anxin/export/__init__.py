"""From a trained checkpoint to a file a runtime can serve. Never retrains."""

from anxin.export.converter import convert
from anxin.export.gguf_writer import QUANTISATIONS, export_gguf
from anxin.export.ollama import modelfile
from anxin.export.release import Card, checksum, push, write_checksum
from anxin.export.template import Agreement, compare, load_tokenizer, require_agreement

__all__ = [
    "QUANTISATIONS",
    "Agreement",
    "Card",
    "checksum",
    "compare",
    "convert",
    "export_gguf",
    "load_tokenizer",
    "modelfile",
    "push",
    "require_agreement",
    "write_checksum",
]
