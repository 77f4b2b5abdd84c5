"""What is said of a formula that cannot be read: in R's words where R's were used."""

from __future__ import annotations

import re

from belbiotech.errors import FormulaError
from belbiotech.survival.formulas.texts import shown

__all__ = ["refuse_words_of_r"]

CALL = re.compile(r"(?<![\w.])([A-Za-z][\w.]*)\s*\(")
DOT = re.compile(r"(?<![\w.)\]'\"])\.(?![\w.])")  # R's "all other columns", not 1. or np.log
TEXT = re.compile(  # quoted, with escaped quotes inside
    r"`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL
)

REMEDIES = {
    "strata": "give strata the argument strata='column'",
    "cluster": "give clusters the argument cluster='column'",
    "frailty": "give a shared frailty the argument frailty='column' of cox()",
    "factor": "write C(column) for a factor",
    "as.factor": "write C(column) for a factor",
    "relevel": "write C(column, Treatment('level')) for another reference level",
    "Surv": (
        "the left side is one 0/1 column, as in 'failure ~ age'; the interval's columns are the "
        "arguments start= and stop="
    ),
    "pspline": "write ns(column, df=4) or bs(column, df=4) for a spline",
    "ridge": "give a ridge penalty as the argument ridge= of cox()",
}


def refuse_words_of_r(text: str) -> None:
    """Refuse what only R understands, and say how it is written here.

    Parameters
    ----------
    text : str
        The formula.

    Raises
    ------
    FormulaError
        With all such words.

    Examples
    --------
    >>> refuse_words_of_r("failure ~ age + strata(region)")
    Traceback (most recent call last):
    belbiotech.errors.FormulaError: formula 'failure ~ age + strata(region)' uses strata(): \
give strata the argument strata='column'
    """
    bare = TEXT.sub("", text)
    used = dict.fromkeys(name for name in CALL.findall(bare) if name in REMEDIES)
    problems = [f"uses {name}(): {REMEDIES[name]}" for name in used]
    if DOT.search(bare):
        problems.append("uses '.' for all columns: name the covariates one by one")
    if re.search(r"\^", "".join(_inside_calls(bare))):
        problems.append("uses '^' inside a function: write '**' for a power, as in I(age**2)")
    if problems:
        msg = f"formula {shown(text)} " + "; ".join(problems)
        raise FormulaError(msg)


def _inside_calls(text: str) -> list[str]:
    """Give the characters that stand within the brackets of a call."""
    inside: list[str] = []
    calls: list[bool] = []  # for each open bracket, whether it is a call's
    for k, mark in enumerate(text):
        if mark == "(":
            calls.append(k > 0 and (text[k - 1].isalnum() or text[k - 1] == "_"))
        elif mark == ")" and calls:
            calls.pop()
        elif any(calls):
            inside.append(mark)
    return inside
