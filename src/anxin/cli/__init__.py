"""The command line. Rooms are imported by the command that needs them, so that `--help` is quick."""

from __future__ import annotations

import sys

import typer

from anxin import __version__
from anxin.cli import admin, chat, corpus, evaluate, export, models, prefer, screen, serve, train
from anxin.cli.terminal import complain
from anxin.errors import AnxinError, UserError

__all__ = ["app", "main"]

app = typer.Typer(
    name="anxin",
    help="Anxin (安心): a small, safe counselling companion that runs on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("serve")(serve.serve)
app.command("chat")(chat.chat)
app.command("screen")(screen.screen)
app.add_typer(models.app, name="model")
app.add_typer(corpus.app, name="corpus")
app.add_typer(prefer.app, name="prefer")
app.command("train")(train.train)
app.command("export")(export.export)
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(admin.app, name="admin")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"anxin {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Anxin (安心): a small, safe counselling companion that runs on your own machine."""


def main() -> None:
    """Run the command line. A user's mistake ends with one line and exit code 2, a failed model with 1."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a lone surrogate is no reason to die
    try:
        app()
    except UserError as error:
        complain(str(error))
        sys.exit(2)
    except AnxinError as error:
        complain(str(error))
        sys.exit(1)
    except (KeyboardInterrupt, EOFError):
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
