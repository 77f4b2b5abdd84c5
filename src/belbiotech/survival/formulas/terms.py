"""The right side of a formula expanded into terms, as Wilkinson and Rogers write models."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from belbiotech.errors import FormulaError
from belbiotech.survival.formulas.texts import Token, quoted, shown
from belbiotech.survival.formulas.trees import tree_of

__all__ = ["Factor", "Term", "expand"]

MOST_TERMS = 1000  # of an expanded formula
MOST_FACTORS = 16  # of a term
HIGHEST_POWER = 16  # of a sum of terms
DEEPEST = 40  # brackets within brackets
BEYOND = 1 << 16  # products that are looked at, at most, for one operator
CLOSERS = {"(": ")", "[": "]", "{": "}"}
TOO_DEEP = f"it has more than {DEEPEST} brackets within brackets"

Term = tuple[str, ...]  # texts of factors, in order; the constant has none


@dataclass(frozen=True, eq=False)
class Factor:
    """A factor of a term: a column, or something computed of columns.

    Attributes
    ----------
    text : str
        How coefficients name it: a column's own name, or the call as Python writes it.
    tree : ast.expr
        Its syntax tree. A ``Name`` that is not called is a column, by its own name.
    column : str or None
        The column, where it is one by itself.
    """

    text: str
    tree: ast.expr
    column: str | None = None


Check = Callable[[ast.expr, str], None]


def expand(
    text: str, tokens: list[Token], check: Check
) -> tuple[tuple[Term, ...], dict[str, Factor]]:
    """Expand a right side: ``a*b`` is a + b + a:b, ``(a + b)^2`` is a + b + a:b, ``a - a`` nothing.

    Parameters
    ----------
    text : str
        The formula, for messages.
    tokens : list of Token
        Of its right side.
    check : callable
        Takes each call's tree and text, and raises FormulaError if it is not allowed.

    Returns
    -------
    terms : tuple of Term
        By the number of their factors, else in the order of the formula. The constant is left out.
    factors : dict of str to Factor
        By their keys in the terms.

    Raises
    ------
    FormulaError
        A right side that cannot be read, or with too many terms.
    """
    reader = _Reader(text, tokens, check)
    found = reader.sum()
    if reader.k < len(tokens):
        reader.stop()
    terms = sorted((term for term in found.values() if term), key=len)
    used = {key for term in terms for key in term}
    return tuple(terms), {key: reader.factors[key] for key in reader.factors if key in used}


Terms = dict[frozenset[str], Term]  # in order; a:b is b:a


class _Reader:
    """Reads tokens from left to right; ``k`` is the next."""

    def __init__(self, text: str, tokens: list[Token], check: Check) -> None:
        self.text, self.tokens, self.check = text, tokens, check
        self.k, self.depth = 0, 0
        self.factors: dict[str, Factor] = {}

    def stop(self, why: str | None = None) -> NoReturn:
        """Say where reading stopped."""
        if why is None:
            at = self.tokens[self.k] if self.k < len(self.tokens) else None
            why = "it ends too early" if at is None else f"{at.text!r} is not expected there"
            if at is not None and at.text in ("|", "~"):
                why = "it must have one right side, without '|' and a second '~'"
            elif at is not None and at.text in ("<", ">", "<=", ">=", "==", "!=", "//", "&"):
                why += f"; write I(...) around what is computed with {at.text}"
        msg = f"formula {shown(self.text)} cannot be read: {why}"
        raise FormulaError(msg) from None

    def peek(self, *texts: str) -> str | None:
        """Give the next token's text, if it is one of these operators."""
        if self.k < len(self.tokens):
            token = self.tokens[self.k]
            if token.kind == "operator" and token.text in texts:
                return token.text
        return None

    def take(self, *texts: str) -> str | None:
        """As `peek`, and go on."""
        found = self.peek(*texts)
        self.k += found is not None
        return found

    def sum(self) -> Terms:
        """Read terms added and taken away."""
        total: Terms = {}
        sign = self.take("+", "-") or "+"
        while True:
            part = self.product()
            if sign == "+":
                total = _merged(total, part)
            else:
                total = {key: term for key, term in total.items() if key not in part}
            self.bounded(total)
            sign = self.take("+", "-") or ""
            if not sign:
                return total
            while more := self.take("+", "-"):  # as in a + -1
                sign = "-" if (more == "-") != (sign == "-") else "+"

    def product(self) -> Terms:
        """Read ``a*b``, ``a/b`` and ``b %in% a``."""
        left = self.interaction()
        while mark := self.take("*", "/", "%in%"):
            right = self.interaction()
            if mark == "%in%":
                left, right = right, left
            if mark == "*":
                left = _merged(left, right, self.times(left, right))
            else:
                whole = _terms([tuple(key for term in left.values() for key in term)])
                left = _merged(left, self.times(whole, right))
            self.bounded(left)
        return left

    def interaction(self) -> Terms:
        """Read ``a:b``."""
        left = self.power()
        while self.take(":"):
            left = self.times(left, self.power())
        return left

    def power(self) -> Terms:
        """Read ``(a + b)^2``."""
        base = self.operand()
        while mark := self.take("^", "**"):
            token = self.tokens[self.k] if self.k < len(self.tokens) else None
            if token is None or token.kind != "number" or not token.text.isdigit():
                why = f"the power after {mark} must be a whole number; write I(x**2) for a square"
                self.stop(why)
            number = int(token.text[:9])
            if not 1 <= number <= HIGHEST_POWER:
                why = f"the power {token.text[:20]} is not from 1 to {HIGHEST_POWER}"
                self.stop(why)
            self.k += 1
            if self.peek("^", "**"):
                self.stop("it has a power of a power")
            whole = base
            for _ in range(number - 1):
                larger = _merged(whole, self.times(whole, base))
                if len(larger) == len(whole):
                    break
                whole = larger
            base = whole
        return base

    def operand(self) -> Terms:
        """Read a column, a call, a number, or a sum in brackets."""
        if self.k >= len(self.tokens):
            self.stop()
        token = self.tokens[self.k]
        if self.take("("):
            self.deeper()
            inside = self.sum()
            if not self.take(")"):
                self.stop()
            self.depth -= 1
            return inside
        if self.peek("{"):
            return self.computed()
        if token.kind == "number":
            self.k += 1
            if token.text == "1":
                return _terms([()])
            if token.text == "0":
                return {}
            self.stop(f"the number {token.text} is no term; write I({token.text} * x)")
        if token.kind not in ("name", "quoted"):
            self.stop()
        after = self.tokens[self.k + 1] if self.k + 1 < len(self.tokens) else None
        dotted = after is not None and after.text in (".", "(") and after.kind == "operator"
        if token.kind == "name" and dotted:
            return self.computed()
        if after is not None and (after.text == "[" or after.kind == "text"):
            return self.computed()  # refused there, with its name
        self.k += 1
        if token.kind == "name" and token.text.startswith("__"):
            self.stop(f"{token.text[:60]!r} is a name of Python's own; rename that column")
        key = quoted(token.text)
        tree = ast.Name(token.text, ast.Load())
        self.factors.setdefault(key, Factor(token.text, tree, token.text))
        return _terms([(key,)])

    def computed(self) -> Terms:
        """Read a call such as ``log(x)``, ``np.log(x)`` or ``{x + 1}``, and what hangs on it."""
        first = self.k
        braces = self.peek("{") is not None
        self.k += not braces
        while self.k < len(self.tokens):
            if self.peek(*CLOSERS):
                self.skip()
                if braces:
                    break
            elif self.take(".") or self.tokens[self.k].kind == "text":
                self.k += 1
            else:
                break
        self.k = min(self.k, len(self.tokens))
        factor, key = self.parsed(self.tokens[first : self.k])
        self.factors.setdefault(key, factor)
        return _terms([(key,)])

    def skip(self) -> None:
        """Go on behind the bracket that closes the next one."""
        opened: list[str] = []
        while self.k < len(self.tokens):
            mark = self.take(*CLOSERS)
            if mark:
                opened.append(CLOSERS[mark])
                if len(opened) > DEEPEST:
                    self.stop(TOO_DEEP)
            elif mark := self.peek(*CLOSERS.values()):
                if opened.pop() != mark:
                    self.stop()
                self.k += 1
                if not opened:
                    return
            else:
                self.k += 1
        self.stop()

    def parsed(self, tokens: list[Token]) -> tuple[Factor, str]:
        """Make a tree of a call, with columns by their own names, and check it."""
        try:
            tree, key = tree_of(self.text, tokens)
        except SyntaxError as error:
            self.stop(f"{shown(error.text or '')}: {error.msg}")
        self.check(tree, key)
        return Factor(key, tree), key

    def times(self, left: Terms, right: Terms) -> Terms:
        """Multiply each term by each."""
        if len(left) * len(right) > BEYOND:
            self.stop(f"it has more than {MOST_TERMS} terms; name those that you need")
        found = _terms([(*a, *b) for a in left.values() for b in right.values()])
        if max(map(len, found), default=0) > MOST_FACTORS:
            self.stop(f"a term has more than {MOST_FACTORS} factors")
        return self.bounded(found)

    def bounded(self, terms: Terms) -> Terms:
        """Refuse too many."""
        if len(terms) > MOST_TERMS:
            self.stop(f"it has more than {MOST_TERMS} terms; name those that you need")
        return terms

    def deeper(self) -> None:
        """Count an opened bracket."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.stop(TOO_DEEP)


def _terms(terms: list[Term]) -> Terms:
    """Make a set of terms; each factor is once in its term."""
    found: Terms = {}
    for term in terms:
        found.setdefault(frozenset(term), tuple(dict.fromkeys(term)))
    return found


def _merged(*parts: Terms) -> Terms:
    """Put sets of terms together; the first of equal ones stays."""
    found: Terms = {}
    for part in parts:
        for key, term in part.items():
            found.setdefault(key, term)
    return found
