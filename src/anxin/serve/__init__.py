"""HTTP: the OpenAI-compatible API, the page's API, the page itself, limits and metrics."""

from anxin.serve.app import create_app
from anxin.serve.options import ServeOptions
from anxin.serve.server import bind, run

__all__ = ["ServeOptions", "bind", "create_app", "run"]
