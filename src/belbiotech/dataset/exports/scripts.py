"""Scripts for R and Stata that declare the exported panel as it is fitted here, and fit it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from belbiotech.dataset.exports.content import Content

__all__ = ["write_do_file", "write_r_script"]

PANEL = "firm_year"
READ = {"firm_id", "start", "stop", "observed", "exit", "failure", "acquisition", "origin"} | {
    "alliances_active_lag1",
    "listed_lag1",
}


def write_r_script(content: Content, folder: Path) -> None:
    """Write ``analysis.R`` beside the tables, if the panel is among them.

    Parameters
    ----------
    content : Content
        What is exported.
    folder : Path
        Where the tables and ``load.R`` are.
    """
    if _holds_the_panel(content):
        (folder / "analysis.R").write_bytes(_template("analysis.R").encode())


def write_do_file(content: Content, folder: Path) -> None:
    """Write ``analysis.do`` beside the tables, if the panel is among them.

    Codes are numbers in Stata, so that the reference level is one: that of the first code that
    occurs, in the order of letters, as in the fits here.

    Parameters
    ----------
    content : Content
        What is exported.
    folder : Path
        Where the tables are.
    """
    if not _holds_the_panel(content):
        return
    column = next(it for it in content.entries[PANEL].columns if it.name == "origin")
    rows = content.tables[PANEL]
    first = min(rows.loc[rows["observed"], "origin"].dropna(), default="")
    codes = list(column.allowed)
    place = codes.index(first) + 1 if first in codes else 1
    text = _template("analysis.do").replace("@ORIGIN@", f"ib{place}.origin")
    (folder / "analysis.do").write_bytes(text.encode())


def _holds_the_panel(content: Content) -> bool:
    return PANEL in content.tables and set(content.tables[PANEL].columns) >= READ


def _template(name: str) -> str:
    return (resources.files("belbiotech.dataset.exports") / name).read_text("utf-8")
