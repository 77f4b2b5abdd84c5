"""Tokens into a syntax tree; its names are the columns' own, whatever they hold."""

from __future__ import annotations

import ast

from belbiotech.survival.formulas.texts import Token, quoted

__all__ = ["tree_of"]

DEEPEST = 160  # levels of a tree
PLACE = "_quoted"  # begins the names that stand for quoted ones while a text is read


def tree_of(text: str, tokens: list[Token]) -> tuple[ast.expr, str]:
    """Make a tree of tokens; nothing is run.

    Parameters
    ----------
    text : str
        That the tokens are of.
    tokens : list of Token
        An expression, or one in braces.

    Returns
    -------
    tree : ast.expr
        With columns by their own names.
    key : str
        The expression as Python writes it, names in backquotes where they need them.

    Raises
    ------
    SyntaxError
        What cannot be read, with ``text`` of the expression and ``msg`` of the reason.

    Examples
    --------
    >>> from belbiotech.survival.formulas.texts import tokens_of
    >>> tree_of("`a b`+1", tokens_of("`a b`+1"))[1]
    '`a b` + 1'
    """
    place = PLACE
    while place in text:
        place += "_"
    names = {f"{place}{k}_": t.text for k, t in enumerate(tokens) if t.kind == "quoted"}
    code, end = "", tokens[0].at if tokens else 0
    for k, token in enumerate(tokens):
        is_name = token.kind == "quoted"
        code += " " * (is_name or token.at > end or tokens[k - 1].kind == "quoted")
        code += f"{place}{k}_" if is_name else token.text
        end = token.end
    code = code.strip()
    braces = code.startswith("{") and code.endswith("}")
    try:
        tree = ast.parse(f"({code[1:-1]}\n)" if braces else code, mode="eval").body
        if _depth(tree) > DEEPEST:
            raise _unreadable(_restored(code, names), "too much is nested")
        key = _restored(ast.unparse(tree), names)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = getattr(error, "msg", None) or "too much is nested"
        raise _unreadable(_restored(code, names), why) from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return tree, key


def _unreadable(code: str, why: str) -> SyntaxError:
    error = SyntaxError(why)
    error.text = code
    return error


def _depth(tree: ast.AST) -> int:
    """Count the levels of a tree, without recursion."""
    depth, level = 0, [tree]
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


def _restored(code: str, names: dict[str, str]) -> str:
    """Put quoted names back in the place of those that stand for them."""
    for place, name in names.items():
        code = code.replace(place, quoted(name))
    return code
