"""The text of a formula cut into tokens, with placeholders for names that are no Python names.

R's words that cannot be read are refused before, with what is written in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from keyword import iskeyword

from belbiotech.errors import FormulaError

__all__ = [
    "LONGEST_TEXT",
    "Token",
    "halves",
    "quoted",
    "refuse_words_of_r",
    "renamed",
    "shown",
    "tokens_of",
]

LONGEST_TEXT = 20_000  # letters of a formula
LONGEST_SHOWN = 200  # of them that a message shows
NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
OPERATOR = re.compile(r"%in%|\*\*|//|<=|>=|==|!=|[-+*/:^()\[\]{},=<>|&~%.!@;\\?$]")
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


@dataclass(frozen=True)
class Token:
    """A piece of a formula.

    Attributes
    ----------
    kind : {"name", "quoted", "number", "text", "operator"}
        What it is; a quoted name is one in backquotes, or with letters beyond ASCII.
    text : str
        As it is written; of a quoted name, the name itself.
    at, end : int
        Where it begins, and where what follows begins.
    """

    kind: str
    text: str
    at: int
    end: int


def shown(text: str) -> str:
    """Write a formula as a message shows it: quoted, and cut where it is long.

    Examples
    --------
    >>> shown("failure ~ age")
    "'failure ~ age'"
    """
    return repr(text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 4] + " ...")


def quoted(name: str) -> str:
    r"""Write a column's name as a formula needs it: in backquotes, unless it is a plain name.

    Parameters
    ----------
    name : str
        Any column.

    Returns
    -------
    str
        Text for a formula. A backquote or backslash in the name has a backslash before it.

    Examples
    --------
    >>> quoted("age"), quoted("Unnamed: 0")
    ('age', '`Unnamed: 0`')
    """
    if name.isidentifier() and not iskeyword(name) and not name.startswith("__"):
        return name
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def renamed(text: str, old: str, new: str) -> str:
    """Write another column in the place of one; functions, texts and longer names stay.

    Parameters
    ----------
    text : str
        A formula, or a side of it.
    old, new : str
        Columns.

    Returns
    -------
    str
        The text with the new column.

    Examples
    --------
    >>> renamed("log(age) + `age 2` + age:log", "age", "log age")
    'log(`log age`) + `age 2` + `log age`:log'
    """
    tokens = tokens_of(text)
    after = [*(token.text for token in tokens[1:]), ""]
    found, end = "", 0
    for token, follower in zip(tokens, after, strict=True):
        column = token.kind == "quoted" or (token.kind == "name" and follower not in ("(", "."))
        if column and token.text == old:
            found, end = found + text[end : token.at] + quoted(new), token.end
    return found + text[end:]


def halves(text: str) -> tuple[list[Token], list[Token]]:
    """Cut a formula at its first tilde.

    Parameters
    ----------
    text : str
        ``outcome ~ covariates``.

    Returns
    -------
    left, right : list of Token
        What stands before and after it; all before it where there is none.

    Raises
    ------
    FormulaError
        As `tokens_of`.
    """
    tokens = tokens_of(text)
    places = [k for k, token in enumerate(tokens) if (token.kind, token.text) == ("operator", "~")]
    if not places:
        return tokens, []
    return tokens[: places[0]], tokens[places[0] + 1 :]


def tokens_of(text: str) -> list[Token]:
    """Cut a text into tokens.

    Parameters
    ----------
    text : str
        A formula.

    Returns
    -------
    list of Token
        In order, blanks left out.

    Raises
    ------
    FormulaError
        A quote without its end, an empty name, or a letter that stands for nothing.
    """
    if len(text) > LONGEST_TEXT:
        msg = f"formula {shown(text)} has {len(text):,} letters; {LONGEST_TEXT:,} are the most"
        raise FormulaError(msg)
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    k = 0
    while k < len(text):
        mark = text[k]
        if mark.isspace():
            k += 1
        elif mark in "`'\"":
            inside, end = _until(text, k)
            if mark == "`" and not inside:
                msg = f"formula {shown(text)} has an empty name, ``: every column needs a name"
                raise FormulaError(msg)
            kind, piece = ("quoted", inside) if mark == "`" else ("text", text[k:end])
            yield Token(kind, piece, k, end)
            k = end
        elif mark.isidentifier():
            end = _end_of_name(text, k)
            name = text[k:end]
            yield Token("name" if name.isascii() else "quoted", name, k, end)
            k = end
        elif found := NUMBER.match(text, k) or OPERATOR.match(text, k):
            kind = "number" if found.re is NUMBER else "operator"
            yield Token(kind, found.group(), k, found.end())
            k = found.end()
        else:
            msg = (
                f"formula {shown(text)} cannot be read: {mark!r} stands for nothing; put a "
                "column's name with such letters in backquotes"
            )
            raise FormulaError(msg)


def _end_of_name(text: str, k: int) -> int:
    """Find where a name ends: also after letters that are marks of the one before."""
    end = k + 1
    while end < len(text) and ("a" + text[end]).isidentifier():
        end += 1
    return end


def _until(text: str, k: int) -> tuple[str, int]:
    """Read up to the closing quote; give what is inside, and where it has ended."""
    mark, inside, j = text[k], [], k + 1
    while j < len(text) and text[j] != mark:
        if text[j] == "\\" and j + 1 < len(text):
            escaped = mark == "`" and text[j + 1] in "`\\"
            whole = escaped or mark != "`"
            inside.append(text[j + 1] if escaped else text[j : j + 1 + whole])
            j += 1 + whole
            continue
        inside.append(text[j])
        j += 1
    if j >= len(text):
        msg = f"formula {shown(text)} cannot be read: a {mark} has no second one"
        raise FormulaError(msg)
    return "".join(inside), j + 1


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
