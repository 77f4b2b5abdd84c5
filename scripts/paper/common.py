"""What all scripts of the paper share: the data version, the columns it adds, and the output."""

from __future__ import annotations

import argparse
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import belbiotech as bb
from belbiotech import BelbiotechWarning
from belbiotech.report.blocks import Block, Warned
from belbiotech.report.labels import Labels, data_labels
from belbiotech.report.sections import write_section
from belbiotech.studies.small_samples import RULE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = "1.0.0"  # the data version of the whole paper: pinned here, and nowhere else
OUT = Path("out") / "paper"

OUTCOMES = {"failure": "failure", "acquisition": "acquisition", "exit": "exit of either kind"}
FATES = ["failure", "acquisition"]
PARTNERS = ["upstream", "horizontal", "downstream"]
PURPOSES = ["exploration", "exploitation"]
DOSES = ["0", "1", "2-3", "4+"]
SEGMENT_GROUPS = {
    "therapeutics": "medicines",
    "cell_gene_therapy": "medicines",
    "vaccines": "medicines",
    "diagnostics": "tools",
    "tools_services": "tools",
    "medical_device": "tools",
    "cdmo": "tools",
    "agri_biotech": "other",
    "industrial_biotech": "other",
    "nutrition": "other",
    "animal_health": "other",
}
CODES = {
    "segment_group": {
        "medicines": "Medicines, vaccines, cell and gene therapy",
        "tools": "Diagnostics, tools, devices, contract work",
        "other": "Agriculture, industry, food, animals",
    },
    "region_group": {
        "flanders": "Flanders",
        "wallonia_brussels": "Wallonia and Brussels",
    },
    "status": {
        "allied": "Active alliance, year before",
        "alone": "No active alliance, year before",
    },
    "origin_group": {
        "academic": "Spun out of a university or institute",
        "other": "Independent, corporate or not known",
    },
    "dose": {"0": "none", "1": "one", "2-3": "two or three", "4+": "four and more"},
    "outcome": {
        "failure": "Failure",
        "acquisition": "Acquisition",
        "exit": "Failure or acquisition",
        "ipo": "First listing",
        "round": "Financing round",
    },
}
SEVERAL = {
    "failure": "failures",
    "acquisition": "acquisitions",
    "exit": "failures or acquisitions",
    "ipo": "first listings",
}
CODES["group"] = {code: text for name in CODES for code, text in CODES[name].items()} | {
    "other": "Agriculture, industry, food, animals",
    "all": "All firms",
}
ADDED = {
    "any_alliances": "Any alliance",
    "allied": "Any active alliance, year before",
    "status": "Alliance status",
    "dose": "Active alliances, year before",
    "breadth": "Kinds of partner in active alliances (0 to 3), year before",
    "region_group": "Region",
    "segment_group": "Segment",
    "origin_group": "Origin",
    "cohort": "Founded",
}
MODELS = {"reads": f"{RULE}. Ties are Efron's."}
LANGUAGES = {
    "de": "German",
    "en": "English",
    "fi": "Finnish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "nl": "Dutch",
    "sv": "Swedish",
    "zh": "Chinese",
}
CODES["language"] = LANGUAGES
# Firms that the facts have under an earlier name, and what they are called today.
KNOWN_TODAY = {
    "advanced-array-technologies": "Eppendorf Array Technologies",
    "asit-biotech": "DMS Imaging",
    "bone-therapeutics": "BioSenic",
    "celyad": "Celyad Oncology",
    "euroscreen": "Ogeda",
    "mdxhealth": "MDxHealth",
    "pronota": "MyCartis",
    "thrombogenics": "Oxurion",
}
PAGE = 7.0  # inches across a page: a figure is printed at nine tenths of its size
CODE_TALK = re.compile(
    r"[;,:] (?:think of|or use|use|give|name|take|leave|merge)\b(?:\.\.\.|[^;.])*"
)
FEW_EVENTS = re.compile(
    r"(\d+) events? of (.+) for (\d+) coefficients? \(.*?(fewer than \d+)\): (.+)"
)


def followed(panel: pd.DataFrame) -> str:
    """Say by which rule a panel's rows are under observation."""
    years = panel.attrs["follow_up"]
    after = "at any time before" if years is None else f"in one of the {years} years before"
    return f"a dated page about the firm, other than on its exit, was published {after}"


def today(rows: pd.DataFrame) -> pd.Series:
    """Name firms as they are known today, by ``firm_id``; the earlier name in brackets."""
    firms = bb.load_table("firms", VERSION).set_index("firm_id")
    for firm, name in KNOWN_TODAY.items():
        if name not in str(firms.loc[firm, "other_names"]).split(";"):
            msg = f"{name!r} is no name of {firm!r} in data version {VERSION}"
            raise bb.PanelError(msg)
    named = rows.drop_duplicates("firm_id").set_index("firm_id")["name"]
    return pd.Series(
        {
            firm: f"{KNOWN_TODAY[firm]} (before: {name})" if firm in KNOWN_TODAY else name
            for firm, name in named.items()
        },
        name="name",
    )


@dataclass(frozen=True)
class Sample:
    """The panel with the paper's columns: all rows, and those under observation."""

    panel: pd.DataFrame
    observed: pd.DataFrame


def read_sample() -> Sample:
    """Load the pinned version, and add the paper's columns."""
    panel = with_columns(bb.load_panel(VERSION))
    return Sample(panel, panel[panel["observed"]].reset_index(drop=True))


def with_columns(panel: pd.DataFrame) -> pd.DataFrame:
    """Add what the models use beside the columns of the panel."""
    active = panel["alliances_active_lag1"]
    partners = panel[[f"alliances_{kind}_active_lag1" for kind in PARTNERS]]
    groups = panel["segment"].map(SEGMENT_GROUPS)
    if groups.isna().any():
        unknown = sorted(panel.loc[groups.isna(), "segment"].unique())
        msg = f"segments without a group: {unknown}; add them to SEGMENT_GROUPS"
        raise bb.PanelError(msg)
    academic = panel["origin"].isin(["university_spinoff", "institute_spinoff"])
    return panel.assign(
        allied=(active > 0).astype(int),
        status=np.where(active > 0, "allied", "alone"),
        dose=pd.cut(active, [-1, 0, 1, 3, np.inf], labels=DOSES).astype(str),
        breadth=(partners > 0).sum(axis=1),
        region_group=np.where(panel["region"] == "BE-VLG", "flanders", "wallonia_brussels"),
        segment_group=groups,
        origin_group=np.where(academic, "academic", "other"),
    )


@cache
def labels() -> Labels:
    """Words for all columns: the schemas', and those of the paper."""
    return data_labels().with_more(ADDED, CODES)


def size(rows: pd.DataFrame, *outcomes: str) -> str:
    """Say N of firms, of firm-years and of events."""
    events = ", ".join(f"{int(rows[name].sum()):,d} {SEVERAL[name]}" for name in outcomes)
    text = f"N = {rows['firm_id'].nunique():,d} firms, {len(rows):,d} firm-years"
    return f"{text}; events: {events}" if events else text


@contextmanager
def heard() -> Iterator[list[str]]:
    """Collect what the package warns of, each text once; other warnings go on to the user."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
    for warning in caught:
        if issubclass(warning.category, BelbiotechWarning):
            texts.append(str(warning.message))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    texts[:] = list(dict.fromkeys(texts))


def run(name: str, title: str, blocks: Callable[[Sample], Sequence[Block]]) -> None:
    """Make a section, and put what its fits warned of at its end."""
    out = folder()
    with heard() as texts:
        made = list(blocks(read_sample()))
    path = write_section(out, name, title, [*made, *([warned(texts)] if texts else [])])
    print(f"{title}: {path}")


def warned(texts: Iterable[str]) -> Warned:
    """Put warnings in words for people."""
    said = [plain(text) for text in texts]
    said = [f"{text[0].upper()}{text[1:]}" for text in said]
    return Warned(tuple(dict.fromkeys([*_few_events(said), *said])))


def plain(text: str) -> str:
    """Put what the package says in words for people, without what to do in code."""
    return CODE_TALK.sub("", labels().in_words(text))


def _few_events(said: list[str]) -> list[str]:
    """Take out what says that a model has few events, and say it in one line an outcome."""
    found = {text: match for text in said if (match := FEW_EVENTS.fullmatch(text))}
    said[:] = [text for text in said if text not in found]
    lines = []
    for outcome in dict.fromkeys(match[2] for match in found.values()):
        of = [match for match in found.values() if match[2] == outcome]
        events, terms = ([int(match[k]) for match in of] for k in (1, 3))
        fewest = min(e / t for e, t in zip(events, terms, strict=True))
        lines.append(
            f"Models of {outcome} have {span(events)} events for "
            f"{counted(terms, 'coefficient')}, as few as {fewest:.1f} for each where "
            f"{of[0][4].split()[-1]} is the least that is asked for: {of[0][5]}."
        )
    return lines


def on_page(*figures: Figure, height: float | None = None) -> Figure:
    """Make figures as wide as a page, and the axes of all equally large; give back the first."""
    for figure in figures:
        figure.set_size_inches(PAGE, height or figure.get_figheight())
    for _ in range(2):  # what stands beside the axes does not grow with them
        sizes = [_inches(figure) for figure in figures]
        for figure, (across, up) in zip(figures, sizes, strict=True):
            figure.set_size_inches(
                figure.get_figwidth() - across + min(wide for wide, _ in sizes),
                figure.get_figheight() - up + max(high for _, high in sizes),
            )
    return figures[0]


def _inches(figure: Figure) -> tuple[float, float]:
    """Measure the first axes of a figure."""
    figure.draw_without_rendering()
    box = figure.axes[0].get_window_extent()
    return box.width / figure.dpi, box.height / figure.dpi


def span(values: Iterable[float], sign: str = ",.0f") -> str:
    """Write from what to what numbers go, or the one that all are."""
    low, high = min(values := list(values)), max(values)
    return f"{low:{sign}}" if low == high else f"{low:{sign}} to {high:{sign}}"


def counted(values: Iterable[float], word: str) -> str:
    """Write from what to what numbers of something go."""
    return f"{span(values := list(values))} {word}{'' if max(values) == 1 else 's'}"


def folder() -> Path:
    """Read where to write from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=OUT, help="folder for tables and figures")
    chosen: Path = parser.parse_args().out
    return chosen
