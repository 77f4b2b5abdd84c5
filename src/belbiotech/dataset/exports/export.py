"""A release as files for another program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from belbiotech.dataset.exports.content import Content, content
from belbiotech.dataset.exports.databases import write_duckdb, write_sqlite
from belbiotech.dataset.exports.excel import write_excel
from belbiotech.dataset.exports.placing import placed
from belbiotech.dataset.exports.statistics import write_spss, write_stata
from belbiotech.dataset.exports.text import write_csv, write_r
from belbiotech.errors import ReleaseError, in_words, nearest_names

__all__ = ["ExportFormat", "export"]

ExportFormat = Literal["csv", "stata", "spss", "r", "sqlite", "duckdb", "excel"]


@dataclass(frozen=True)
class _Format:
    """How a format is written; one without a suffix is a folder."""

    write: Callable[[Content, Path], None]
    suffix: str = ""


FORMATS = {
    "csv": _Format(write_csv),
    "stata": _Format(write_stata),
    "spss": _Format(write_spss),
    "r": _Format(write_r),
    "sqlite": _Format(write_sqlite, ".sqlite"),
    "duckdb": _Format(write_duckdb, ".duckdb"),
    "excel": _Format(write_excel, ".xlsx"),
}


def export(
    version: str | Path | None = None,
    to: ExportFormat = "csv",
    out: Path | str | None = None,
    tables: Sequence[str] | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """Write a release for another program, with labels, keys and codebook.

    Parameters
    ----------
    version : str or Path, optional
        A version's number, or the folder of one that was built; the newest one that needs no
        network, if not given.
    to : {"csv", "stata", "spss", "r", "sqlite", "duckdb", "excel"}
        CSV, Stata, SPSS and R get a folder with a file a table (R: CSV files and ``load.R``,
        which reads them with types, factors and labels); the others get one file. Stata and
        SPSS know no texts with labels: codes become numbers from 1 on, in the order of the
        codebook, with their labels. Stata's names have 32 characters at most: longer ones are
        cut in their first word, and ``codebook.csv`` tells which is which. R and Stata also get a
        script, ``analysis.R`` or ``analysis.do``, that declares the panel and fits it as here.
    out : Path or str, optional
        The folder or file; if not given, ``belbiotech-VERSION-csv`` or
        ``belbiotech-VERSION.sqlite``, for example, in the current folder.
    tables : sequence of str, optional
        Names of the tables; all, if not given.
    overwrite : bool
        Whether an earlier export may be replaced.

    Returns
    -------
    Path
        The folder or file.

    Raises
    ------
    ReleaseError
        An unknown version, table or format; a place where something is already, or where another
        process is writing; a text or label that the format would cut off; a library that is not
        installed.
    WriteError
        A full disk, or a place that cannot be written to. In every case, and however the run
        ends, an earlier export stays as it was until the new one is there.

    Examples
    --------
    >>> import belbiotech, tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = belbiotech.export("0.1.0", "csv", Path(folder) / "data", ["firms"])
    ...     sorted(path.name for path in written.iterdir())
    ['README.txt', 'codebook.csv', 'codes.csv', 'firms.csv']
    """
    if not isinstance(to, str) or to not in FORMATS:
        told = nearest_names(to, get_args(ExportFormat))
        msg = f"unknown format {in_words(to)} of an export; {told}"
        raise ReleaseError(msg)
    if out is not None and (not isinstance(out, str | Path) or "\0" in str(out)):
        msg = f"out is {in_words(out)}; give the path of a folder or file"
        raise ReleaseError(msg)
    form, what = FORMATS[to], content(version, tables)
    usual = f"belbiotech-{what.version}{form.suffix or '-' + to}"
    target = Path(usual if out is None else out)
    with placed(target, overwrite=overwrite) as path:
        form.write(what, path)
    return target
