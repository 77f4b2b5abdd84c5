"""Write the site: pages, the data that their scripts read, and the scripts themselves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from belbiotech.dataset.exports.placing import placed
from belbiotech.errors import BelbiotechError
from belbiotech.explorer.changes import steps
from belbiotech.explorer.corrections import issues_address
from belbiotech.explorer.curves import example_curve
from belbiotech.explorer.explained import explained_tables
from belbiotech.explorer.lives import lives
from belbiotech.explorer.pages import Pages
from belbiotech.explorer.partners import partners
from belbiotech.explorer.risk import counted_rows
from belbiotech.explorer.sample import sample
from belbiotech.explorer.states import State, find_states
from belbiotech.explorer.words import Words, file_stem

__all__ = ["MARK", "build_site", "data_script"]

MARK = "site.json"  # tells a folder that holds a site from one that holds anything else
SCRIPT_ENDS = {"<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def build_site(
    where: str | Path | None = None, out: str | Path = "out/site", *, issues: str | None = None
) -> Path:
    """Make the explorer's site from a release: plain files that also open from disk.

    Parameters
    ----------
    where : str or Path, optional
        A version of the shipped data; or the folder of a release, as ``belbiotech build`` writes
        it; or a folder of such folders, of which the newest is taken. The newest shipped
        version, if not given.
    out : str or Path
        The folder to write; a site that is there already is replaced, whole or not at all.
    issues : str, optional
        Address of the issues where facts are corrected; if not given, that of the package's
        metadata. Where neither names one, a correction is a text to copy.

    Returns
    -------
    Path
        ``index.html`` of the site.

    Raises
    ------
    ReleaseError
        There is no such release; or it is damaged, or lacks a table.
    BelbiotechError
        ``out`` holds something else than a site; an address that is not of http or https.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = build_site("0.1.0", f"{folder}/site")
    ...     (page.name, (page.parent / "firm" / "ablynx.html").is_file())
    ('index.html', True)
    """
    target = Path(out).resolve()
    _refuse_other_folder(target)
    address = issues_address(issues)
    states = find_states(where)
    with placed(target, overwrite=True, whatever=True) as folder:
        _write_static(folder)
        for name, text in _texts(states, address):
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
    return target / "index.html"


def _refuse_other_folder(target: Path) -> None:
    if target.is_dir() and (not any(target.iterdir()) or (target / MARK).is_file()):
        return
    if target.exists():
        msg = f"{target} holds something else than a site; give another place with --out"
        raise BelbiotechError(msg)


def _write_static(folder: Path) -> None:
    with as_file(files("belbiotech.explorer") / "static") as static:
        shutil.copytree(static, folder / "static")


def _texts(states: list[State], issues: str | None) -> Iterator[tuple[str, str]]:
    """Give the name and text of every file that depends on the release."""
    state = states[-1]
    words = Words(state.manifest)
    pages = Pages(state, words, issues)
    table, risk, network = sample(state, words), counted_rows(state, words), partners(state, words)
    yield "index.html", pages.render("index.html", sample=table)
    yield "data/sample.js", data_script("sample", table.data)
    for life in lives(state, words):
        name = f"firm/{file_stem(life.firm_id)}.html"
        yield name, pages.render("firm.html", root="../", life=life)
    yield "partners.html", pages.render("partners.html", network=network)
    yield "data/partners.js", data_script("partners", network)
    curve = example_curve(state, words)
    yield "survival.html", pages.render("survival.html", risk=risk, curve=curve)
    yield "data/risk.js", data_script("risk", risk)
    yield "codebook.html", pages.render("codebook.html", tables=explained_tables(state))
    yield "releases.html", pages.render("releases.html", steps=steps(states))
    yield "correct.html", pages.render("correct.html")
    yield MARK, json.dumps({"made_by": "belbiotech explore", "version": state.version}) + "\n"


def data_script(name: str, data: dict[str, Any]) -> str:
    r"""Write data as a script, which also loads from disk; nothing in it can end the script.

    Parameters
    ----------
    name : str
        What the pages' scripts know it by.
    data : dict
        Texts, numbers, lists and dicts.

    Returns
    -------
    str
        The script.

    Examples
    --------
    >>> print(data_script("names", {"firm": "</script>"}), end="")
    globalThis.belbiotech??={};belbiotech.names={"firm":"\u003c/script\u003e"};
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escaped in SCRIPT_ENDS.items():
        text = text.replace(character, escaped)
    return f"globalThis.belbiotech??={{}};belbiotech.{name}={text};\n"
