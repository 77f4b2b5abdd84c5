"""KBO/BCE, the Belgian register of enterprises: its open data in, facts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belbiotech.dataset.facts.texts import Problem
from belbiotech.dataset.registers.corrections import read_corrections
from belbiotech.dataset.registers.nace import read_prefixes
from belbiotech.dataset.registers.parts.kbo_extracts import open_extracts
from belbiotech.dataset.registers.parts.kbo_facts import make_facts, segment_labels
from belbiotech.dataset.registers.parts.kbo_layout import CODE, FILES, META
from belbiotech.dataset.registers.parts.kbo_series import load_series
from belbiotech.dataset.registers.register import Licence, RegisterFacts
from belbiotech.dataset.registers.writing import (
    check_target,
    database,
    refuse,
    size_of,
    write_facts,
)
from belbiotech.errors import FactsError, warn

__all__ = ["KBO", "Kbo", "kbo_facts"]

LICENCE = Licence(
    "KBO open data licence of the FPS Economy",
    "https://kbopub.economie.fgov.be/kbo-open-data",
    "Source: FPS Economy, Crossroads Bank for Enterprises, with the day of the extract",
)


def kbo_facts(
    extracts: Sequence[str | Path],
    out: str | Path,
    *,
    nace: Sequence[str] = (),
    secondary: bool = False,
    natural_persons: bool = False,
    corrections: str | Path | None = None,
) -> RegisterFacts:
    """Turn extracts of KBO/BCE open data into a folder of facts.

    An extract holds who exists on its day. One gives start dates, situations and a sighting; from
    a row of extracts exits follow: there in May, gone in June. Their dates are those of the first
    extract without the firm (or with the situation), marked as inferred; the interval is in the
    note, and in register.csv.

    Parameters
    ----------
    extracts : sequence of str or Path
        The zips as published, in the order of their days; full ones, or a full one and the
        updates that follow it.
    out : str or Path
        The folder to write, which must not be there yet.
    nace : sequence of str
        First digits of the activities that the population consists of, like ``72110`` or ``21``
        (NACE-BEL 2008 and 2025), or with the version, ``2003:73100``. None: everyone.
    secondary : bool
        Whether a secondary activity is enough; otherwise it must be a main one.
    natural_persons : bool
        Whether enterprises without a legal person are kept. Their names are never read.
    corrections : str or Path, optional
        Known faults, see `read_corrections`.

    Returns
    -------
    RegisterFacts
        What was written.

    Raises
    ------
    FactsError
        Anything that is wrong with the files, all problems at once; nothing is written then.

    Warns
    -----
    BelbiotechWarning
        Columns or situations that are not known; they are passed over.
    """
    target = check_target(out)
    if isinstance(extracts, str | Path) or not extracts:
        raise FactsError(["no extract was given; name one zip or more"])
    problems: list[Problem] = []
    told: list[str] = []
    rows = read_corrections(corrections, "kbo")
    opened = open_extracts([Path(path) for path in extracts], problems, told)
    known = {
        (category.removeprefix("Nace"), code)
        for extract in opened
        for category, codes in extract.codes.items()
        if category.startswith("Nace")
        for code in codes
    }
    prefixes = read_prefixes(nace, known or None)
    if not opened:
        refuse(problems)
    with database(target.parent, size_of(extracts)) as connection:
        load_series(
            connection,
            opened,
            prefixes,
            secondary=secondary,
            persons=natural_persons,
            corrections=rows,
            problems=problems,
            told=told,
        )
        refuse(problems)
        told += make_facts(connection, opened, LICENCE)
        labels = {"segment": segment_labels(connection, opened[-1].codes)}
        title = f"{len(opened)} extract{'s' if len(opened) > 1 else ''} of KBO/BCE open data"
        written = write_facts(
            connection, target, licence=LICENCE, title=title, labels=labels, told=told
        )
    for line in written.told:
        warn(line)
    return written


@dataclass(frozen=True)
class Kbo:
    """The reader of KBO/BCE, as a `Register`."""

    name: str = "kbo"
    title: str = "Crossroads Bank for Enterprises (KBO/BCE), FPS Economy, Belgium"
    licence: Licence = LICENCE
    identifies: str = "enterprise number, ten digits, the last two check digits"
    gives: tuple[str, ...] = ("firms", "events", "sources")

    @property
    def reads(self) -> Mapping[str, tuple[str, ...]]:
        """Its files and the columns that are read."""
        files = {"meta": META, "code": CODE, **FILES}
        return {
            f"{name}.csv": (*layout.columns, *layout.optional) for name, layout in files.items()
        }

    def facts(self, files: Sequence[str | Path], out: str | Path, **options: Any) -> RegisterFacts:
        """Do as `kbo_facts`."""
        return kbo_facts(files, out, **options)


KBO = Kbo()
