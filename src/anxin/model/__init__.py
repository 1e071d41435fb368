"""Language models behind one small protocol: embedded llama.cpp, any OpenAI-compatible endpoint, and echo."""

from anxin.model.answer import Timeouts
from anxin.model.echo import EchoModel
from anxin.model.embedded import EmbeddedModel
from anxin.model.endpoint import EndpointModel
from anxin.model.protocol import Done, Generation, Model, ModelInfo, Piece, Reply, Thought, Waiting

__all__ = [
    "Done",
    "EchoModel",
    "EmbeddedModel",
    "EndpointModel",
    "Generation",
    "Model",
    "ModelInfo",
    "Piece",
    "Reply",
    "Thought",
    "Timeouts",
    "Waiting",
]
