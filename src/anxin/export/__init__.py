"""From a trained checkpoint to a file a runtime can serve. Never retrains."""

from anxin.export.gguf_writer import QUANTISATIONS, export_gguf

__all__ = ["QUANTISATIONS", "export_gguf"]
