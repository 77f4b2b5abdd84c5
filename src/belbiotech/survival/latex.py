"""Tables as LaTeX, for papers."""

from __future__ import annotations

import pandas as pd

__all__ = ["latex_escaped", "latex_table"]


def latex_escaped(text: object) -> str:
    """Escape what LaTeX reads as a command."""
    escaped = str(text)
    for mark in "_%&#":
        escaped = escaped.replace(mark, f"\\{mark}")
    return escaped.replace("~", r"$\sim$")


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
