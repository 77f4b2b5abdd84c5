"""What a register is to this package: the little that all readers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from belbiotech.dataset.facts.read import Facts, read_facts
from belbiotech.errors import FactsError

__all__ = ["UNITS", "Licence", "Register", "RegisterFacts", "read_units"]

UNITS: Mapping[str, str] = {
    "firm_id": "The firm, as in firms.csv.",
    "number": "Its number in the register.",
    "legal_form": "Code of its legal form in the register.",
    "legal_form_label": "The legal form in the register's words.",
    "situation": "Its situation in the last file that has it, in the register's words.",
    "activity": "Its main activity: version of the nomenclature, a colon, the code.",
    "first_seen": "The day of the first file that has it.",
    "last_seen": "The day of the last file that has it.",
    "entry": "The day from which its exit would have been seen; blank if it had left before.",
    "exit_event": "The event that ended its life, blank if none is known.",
    "exit_after": "The exit is after this day; blank if no earlier file has the firm.",
    "exit_by": "The exit is on this day or before.",
}
"""The columns of register.csv, which stands beside the facts: what a panel needs besides them."""


@dataclass(frozen=True)
class Licence:
    """Under which terms a source may be used.

    Attributes
    ----------
    name : str
        Its name, with the version.
    url : str
        Where it can be read.
    attribution : str
        What must be said where the data are used.
    """

    name: str
    url: str
    attribution: str


@dataclass(frozen=True)
class RegisterFacts:
    """Facts made from a register's files, on the disk.

    Attributes
    ----------
    path : Path
        The folder: the five files of facts, values.csv, register.csv and LICENCE.md.
    rows : mapping of str to int
        Number of rows by table.
    left_out : DataFrame
        What was left out and why: ``reason`` and ``units``; the same as left_out.csv.
    told : tuple of str
        What a reader should know: columns that were passed over, situations without a meaning.
    """

    path: Path
    rows: Mapping[str, int]
    left_out: pd.DataFrame
    told: tuple[str, ...] = field(default=())

    @property
    def facts(self) -> Facts:
        """The facts, read and checked."""
        return read_facts(self.path)

    @property
    def units(self) -> pd.DataFrame:
        """What the register says of each firm beside the facts; columns as in `UNITS`."""
        return read_units(self.path)


class Register(Protocol):
    """What a reader of a register offers; `known.registers` gives those of this package.

    Attributes
    ----------
    name : str
        Short name, also of the command.
    title : str
        The register and who keeps it.
    licence : Licence
        The terms, which stand in all facts made from it.
    identifies : str
        How it identifies a firm.
    reads : mapping of str to tuple of str
        Its files, each with the columns that are read.
    gives : tuple of str
        The tables of facts that it fills.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def licence(self) -> Licence: ...  # noqa: D102
    @property
    def identifies(self) -> str: ...  # noqa: D102
    @property
    def reads(self) -> Mapping[str, tuple[str, ...]]: ...  # noqa: D102
    @property
    def gives(self) -> tuple[str, ...]: ...  # noqa: D102

    def facts(self, files: Sequence[str | Path], out: str | Path, **options: Any) -> RegisterFacts:
        """Read the files and write a folder of facts, whole or not at all."""
        ...


def read_units(folder: str | Path) -> pd.DataFrame:
    """Read register.csv of a folder that a register's reader wrote.

    Parameters
    ----------
    folder : str or Path
        The folder.

    Returns
    -------
    DataFrame
        Texts, None where blank; columns as in `UNITS`.

    Raises
    ------
    FactsError
        There is no such file, or it has other columns.
    """
    path = Path(folder) / "register.csv"
    if not path.is_file():
        raise FactsError(
            [f"{path}: there is no such file; give the folder that `belbiotech register` wrote"]
        )
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    missing = [name for name in UNITS if name not in frame.columns]
    if missing:
        raise FactsError([f"{path}, line 1: column {name!r} is missing" for name in missing])
    return pd.DataFrame(
        {
            name: pd.Series([v if isinstance(v, str) else None for v in frame[name]], dtype=object)
            for name in UNITS
        }
    )
