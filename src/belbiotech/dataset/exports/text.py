"""Tables as CSV files with their codebook; for R, with a script that reads them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pandas as pd

from belbiotech.dataset.exports.content import Content, codebook_table, codes_table
from belbiotech.dataset.exports.scripts import write_r_script

__all__ = ["write_csv", "write_frame", "write_r"]

RULES = """
Text in UTF-8, commas between cells, quotes around cells that need them. A blank cell is a missing
value, and nothing else is: "NA" is the code of Namibia. True and false are true and false.
Cells stand as they are in the data, also those that begin with =, +, - or @, which spreadsheet
programs would take for a formula and run: have such a program import all columns as text, or
export to Excel (belbiotech export --to excel), where every text stays a text.
codebook.csv explains every column, codes.csv every code. Dates are texts, as precise as the page
says: 2007, 2007-11 or 2007-11-07.
"""
RULES_R = """
In R: source("load.R"); tables <- read_belbiotech("."); str(tables$firm_year)
analysis.R declares the panel and fits it as belbiotech does.
"""


def write_csv(content: Content, folder: Path, rules: str = RULES) -> None:
    """Write one CSV file a table, and ``codebook.csv``, ``codes.csv`` and ``README.txt``.

    Parameters
    ----------
    content : Content
        What is exported.
    folder : Path
        A folder that is not there yet.
    rules : str
        What the readme says of the files.
    """
    folder.mkdir()
    frames = {
        **content.tables,
        "codebook": codebook_table(content),
        "codes": codes_table(content),
    }
    for name, frame in frames.items():
        write_frame(frame, folder / f"{name}.csv")
    (folder / "README.txt").write_bytes((content.note + rules).encode())


def write_r(content: Content, folder: Path) -> None:
    """Write the CSV files, ``load.R``, which reads them with types and labels, and ``analysis.R``.

    No file of R's own: writing one needs R or a library that few people keep, and a file of R's
    own does not hold more than the script gives.

    Parameters
    ----------
    content : Content
        What is exported.
    folder : Path
        A folder that is not there yet.
    """
    write_csv(content, folder, RULES + RULES_R)
    script = resources.files("belbiotech.dataset.exports") / "load.R"
    (folder / "load.R").write_bytes(script.read_bytes())
    write_r_script(content, folder)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, booleans in the words that R, Stata and databases read.

    Parameters
    ----------
    frame : DataFrame
        The table; its index is left out.
    path : Path
        The file.
    """
    words = {
        name: frame[name].map({True: "true", False: "false"})
        for name in frame.columns
        if pd.api.types.is_bool_dtype(frame[name])
    }
    frame.assign(**words).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
