"""``belbiotech explore [FOLDER|VERSION]``: look up firms, partners and curves in a browser."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from belbiotech.cli.console import say, working

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["explore"]


def explore(
    where: Annotated[
        str | None,
        typer.Argument(
            metavar="[FOLDER|VERSION]",
            help="A release's folder, or a version of the shipped data; the newest if none.",
        ),
    ] = None,
    firm: Annotated[
        str | None, typer.Option(help="Open the page of this firm, by its id or name.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the site to this folder, and do not open it.")
    ] = None,
    port: Annotated[int, typer.Option(help="First port to try.")] = 8000,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the browser, or only say where.")
    ] = True,
    issues: Annotated[
        str | None, typer.Option(help="Address of the issues where facts are corrected.")
    ] = None,
) -> None:
    """Make a site from a release, and open it on this machine: plain files, no request outside.

    Firms with the pages behind each fact, partners by year, survival curves, the codebook, and
    what changed between releases. Example: belbiotech explore 1.0.0 --firm ablynx
    """
    from belbiotech.explorer.site import build_site

    page = f"firm/{_file_of(where, firm)}.html" if firm else ""
    if out is not None:
        with working("making the site"):
            index = build_site(where, out, issues=issues)
        say(f"Written to {index.parent / page if page else index}")
        return
    with tempfile.TemporaryDirectory(prefix="belbiotech-explore-") as folder:
        with working("making the site"):
            index = build_site(where, Path(folder) / "site", issues=issues)
        _serve(index.parent, port, page, browser=browser)


def _file_of(where: str | None, firm: str) -> str:
    from belbiotech.cli.show import find_firm
    from belbiotech.explorer.states import find_states
    from belbiotech.explorer.words import file_stem

    firms: pd.DataFrame = find_states(where)[-1].tables.firms
    return file_stem(find_firm(firms, firm)["firm_id"])


def _serve(site: Path, port: int, page: str, *, browser: bool) -> None:
    from belbiotech.explorer.serve import local_server

    with local_server(site, port) as server:
        found = server.server_address[1]
        address = f"http://127.0.0.1:{found}/{page}"
        if found != port:
            say(f"Port {port} is in use; {found} is free.")
        say(f"The explorer is at {address} (Ctrl+C ends it)")
        if browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("Ended.")
