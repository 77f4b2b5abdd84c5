"""The command ``belbiotech``: its commands by name, and what happens when one fails."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from belbiotech.cli import (
    build,
    cite,
    codebook,
    diff,
    explore,
    export,
    firms,
    fit,
    info,
    new_facts,
    register,
    release,
    run,
    search,
    show,
    validate,
    verify,
)
from belbiotech.cli.console import complain, heard_warnings, say
from belbiotech.errors import BelbiotechError

__all__ = ["app", "main"]


class _Group(TyperGroup):
    """Tell errors of this package and of files as sentences, with exit code 1, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with heard_warnings():
                return super().invoke(ctx)
        except BelbiotechError as error:
            complain("Error", error)
            raise typer.Exit(1) from error
        except OSError as error:
            where = error.filename2 or error.filename or "a file"
            told = f"{where}: {error.strerror or error}; give another place, or make it first"
            complain("Error", told)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    help="A sourced panel of Belgian biotechnology firms, and survival statistics for it.",
)
app.command("info")(info.info)
app.command("validate")(validate.validate)
app.command("build")(build.build)
app.command("show")(show.show)
app.command("firms")(firms.firms)
app.command("search")(search.search)
app.command("fit")(fit.fit)
app.command("run")(run.run)
app.command("diff")(diff.diff)
app.command("new-facts")(new_facts.new_facts)
app.command("codebook")(codebook.codebook)
app.command("export")(export.export)
app.command("explore")(explore.explore)
app.command("cite")(cite.cite)
app.command("verify")(verify.verify)
app.command("release")(release.release)
app.add_typer(register.app, name="register")


def _version(asked: bool) -> None:
    if asked:
        import belbiotech as bb

        say(f"belbiotech {bb.__version__}, newest data version {bb.versions()[-1]}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Study a sourced panel of Belgian biotechnology firms, or one of your own."""


def main() -> None:
    """Run the command line."""
    app()
