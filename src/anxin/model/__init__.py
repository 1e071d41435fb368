"""Language models behind one small protocol: embedded llama.cpp, any OpenAI-compatible endpoint, and echo."""

from anxin.model.answer import Timeouts
from anxin.model.catalogue import Available, Endpoint, available
from anxin.model.echo import EchoModel
from anxin.model.embedded import EmbeddedModel
from anxin.model.endpoint import EndpointModel
from anxin.model.protocol import Done, Generation, Model, ModelInfo, Piece, Reply, Thought, Waiting
from anxin.model.pull import pull
from anxin.model.resolve import ModelOptions, resolve

__all__ = [
    "Available",
    "Done",
    "EchoModel",
    "EmbeddedModel",
    "Endpoint",
    "EndpointModel",
    "Generation",
    "Model",
    "ModelInfo",
    "ModelOptions",
    "Piece",
    "Reply",
    "Thought",
    "Timeouts",
    "Waiting",
    "available",
    "pull",
    "resolve",
]
