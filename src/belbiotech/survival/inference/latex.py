"""Tables as LaTeX, for papers."""

from __future__ import annotations

from unicodedata import name

import pandas as pd

from belbiotech.errors import without_commands

__all__ = ["latex_escaped", "latex_table"]

MARKS = {mark: f"\\{mark}" for mark in "_%&#${}"} | {
    "\\": r"\textbackslash{}",
    "~": r"$\sim$",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def _greek() -> dict[str, str]:
    """Give the command of each Greek letter; capitals without one look like Latin letters."""
    capitals = {"gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi"}
    found = {}
    for letter in map(chr, range(0x391, 0x3CA)):
        _, size, *_, word = name(letter, "no letter at all").lower().split()
        word = "lambda" if word == "lamda" else word  # as Unicode spells it
        if word in {"tonos", "omicron"}:
            continue
        if size == "small":
            found[letter] = f"$\\{word}$"
        elif size == "capital" and word in capitals | {"omega"}:
            found[letter] = f"$\\{word.capitalize()}$"
    return found


# Signs of mathematics that pdfLaTeX does not know as they are. Letters with accents, dashes and
# quotes it knows; other scripts need XeLaTeX or LuaLaTeX.
MARKS |= _greek() | {
    "\u2264": r"$\leq$",
    "\u2265": r"$\geq$",
    "\u2260": r"$\neq$",
    "\u2248": r"$\approx$",
    "\u2212": "$-$",
    "\u221e": r"$\infty$",
    "\u2192": r"$\rightarrow$",
    "\u2009": r"\,",
    "\u202f": r"\,",
}


def latex_escaped(text: object) -> str:
    r"""Escape what LaTeX reads as a command, or at the beginning of a row as an option.

    Examples
    --------
    >>> latex_escaped("50% & $5 {a_b}^2"), latex_escaped("[0, 5)")
    ('50\\% \\& \\$5 \\{a\\_b\\}\\textasciicircum{}2', '{}[0, 5)')
    """
    one_line = " ".join(str(text).splitlines())  # an empty line ends a paragraph, and a cell
    escaped = "".join(MARKS.get(mark, mark) for mark in without_commands(one_line))
    return "{}" + escaped if escaped.startswith(("[", "*")) else escaped


def latex_table(table: pd.DataFrame, caption: str, digits: int = 4) -> str:
    r"""Write a DataFrame as a LaTeX table with booktabs rules, without its index.

    Parameters
    ----------
    table : DataFrame
        What to write.
    caption : str
        Its caption.
    digits : int
        Significant digits of its floats.

    Returns
    -------
    str
        A table environment; missing numbers are left blank.

    Examples
    --------
    >>> import pandas as pd
    >>> print(latex_table(pd.DataFrame({"group": ["a_b"], "median": [3.25]}), "Survival"))
    \begin{table}
    \caption{Survival}
    \begin{tabular}{lr}
    \toprule
    group & median \\
    \midrule
    a\_b & 3.25 \\
    \bottomrule
    \end{tabular}
    \end{table}
    <BLANKLINE>
    """
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    floats = list(table.select_dtypes("float"))
    style = table.rename(columns=latex_escaped).style.hide(axis="index")
    style = style.format(f"{{:.{digits}g}}", subset=[latex_escaped(n) for n in floats], na_rep="")
    style = style.format(latex_escaped, subset=[latex_escaped(n) for n in texts], na_rep="")
    return str(style.to_latex(hrules=True, caption=latex_escaped(caption)))
