"""``belbiotech register kbo|cordis|gleif|sirene FILES --out DIR``: registers to facts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from belbiotech.cli.console import as_json, say, show_table, working

if TYPE_CHECKING:
    from belbiotech.dataset.registers.register import RegisterFacts

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Official open files in, as they are published; a folder of facts out.",
)

Files = Annotated[list[Path], typer.Argument(help="The files as published, zipped or not.")]
Out = Annotated[Path, typer.Option(help="Folder to write; it must not be there yet.")]
Corrections = Annotated[
    Path | None, typer.Option(help="CSV file of known faults: what, what stands there, why.")
]
Nace = Annotated[
    list[str] | None,
    typer.Option(help="First digits of an activity, like 72110 or 2003:73100; may be repeated."),
]
Persons = Annotated[
    bool, typer.Option("--natural-persons", help="Also those without a legal person, nameless.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the sizes, and what was left out.")]


@app.command()
def kbo(
    extracts: Annotated[
        list[Path], typer.Argument(help="Extracts of KBO open data, in the order of their days.")
    ],
    out: Out,
    nace: Nace = None,
    secondary: Annotated[
        bool, typer.Option("--secondary", help="A secondary activity is enough.")
    ] = False,
    natural_persons: Persons = False,
    corrections: Corrections = None,
    json: Json = False,
) -> None:
    """Read extracts of KBO/BCE, full ones and updates: firms, situations, exits between them.

    Example: belbiotech register kbo KboOpenData_0001_2026_01_Full.zip --nace 72110 --out facts
    """
    from belbiotech.dataset.registers.kbo import kbo_facts

    with working(f"reading {len(extracts)} files of KBO"):
        written = kbo_facts(
            extracts,
            out,
            nace=nace or (),
            secondary=secondary,
            natural_persons=natural_persons,
            corrections=corrections,
        )
    _tell(written, json=json)


@app.command()
def cordis(
    files: Files,
    out: Out,
    firms: Annotated[
        Path | None, typer.Option(help="Facts of the firms to look for; the shipped ones if none.")
    ] = None,
    matches: Annotated[
        Path | None, typer.Option(help="A matches.csv that you have gone through.")
    ] = None,
    threshold: Annotated[float, typer.Option(help="Lowest score that counts as a match.")] = 0.9,
    corrections: Corrections = None,
    json: Json = False,
) -> None:
    """Read CORDIS (FP7, Horizon 2020, Horizon Europe): consortia and grants of known firms.

    Example: belbiotech register cordis cordis-HORIZONprojects-csv.zip --out facts
    """
    from belbiotech.dataset.registers.cordis import cordis_facts

    with working(f"reading {len(files)} files of CORDIS"):
        written = cordis_facts(
            files, out, firms=firms, matches=matches, threshold=threshold, corrections=corrections
        )
    _tell(written, json=json)


@app.command()
def gleif(
    level1: Annotated[Path, typer.Argument(help="Golden copy of level 1 (lei2), CSV.")],
    out: Out,
    relationships: Annotated[
        Path | None, typer.Option(help="Golden copy of level 2 (rr), CSV: who owns whom.")
    ] = None,
    country: Annotated[
        list[str] | None, typer.Option(help="Country of the legal address; BE if none.")
    ] = None,
    natural_persons: Persons = False,
    corrections: Corrections = None,
    json: Json = False,
) -> None:
    """Read GLEIF: creation, end, successor and parents of legal entities, with their days.

    Example: belbiotech register gleif lei2.csv.zip --out facts
    """
    from belbiotech.dataset.registers.gleif import gleif_facts

    with working(f"reading {1 + bool(relationships)} files of GLEIF"):
        written = gleif_facts(
            [level1, *([relationships] if relationships else [])],
            out,
            countries=country or ("BE",),
            natural_persons=natural_persons,
            corrections=corrections,
        )
    _tell(written, json=json)


@app.command()
def sirene(
    files: Annotated[
        list[Path],
        typer.Argument(help="StockUniteLegale, StockUniteLegaleHistorique, StockEtablissement."),
    ],
    out: Out,
    nace: Nace = None,
    natural_persons: Persons = False,
    corrections: Corrections = None,
    json: Json = False,
) -> None:
    """Read SIRENE, the French register: firms, their periods, and when they ceased.

    Example: belbiotech register sirene StockUniteLegale.zip --out facts
    """
    from belbiotech.dataset.registers.sirene import sirene_facts

    with working(f"reading {len(files)} files of SIRENE"):
        written = sirene_facts(
            files,
            out,
            nace=nace or (),
            natural_persons=natural_persons,
            corrections=corrections,
        )
    _tell(written, json=json)


def _tell(written: RegisterFacts, *, json: bool) -> None:
    if json:
        rows = {name: int(number) for name, number in written.rows.items()}
        as_json(written.left_out, path=str(written.path), sizes=rows)
        return
    tables = ("firms", "events", "alliances", "financings", "sources")
    sizes = ", ".join(f"{written.rows[name]:,d} {name}" for name in tables)
    say(f"{written.path}: {sizes}.")
    if len(written.left_out):
        show_table(written.left_out, "Left out", note="also in left_out.csv")
