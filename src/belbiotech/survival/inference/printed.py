"""A table of texts as a paper prints it: in a terminal, a notebook, Markdown, LaTeX, Word."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd

from belbiotech.errors import on_screen, without_commands
from belbiotech.survival.inference.latex import latex_escaped
from belbiotech.survival.inference.markdown import markdown_escaped
from belbiotech.survival.inference.word import write_word

__all__ = ["INDENT", "PrintedTable"]

INDENT = "   "  # of a level under its factor


@dataclass(frozen=True, repr=False)
class PrintedTable:
    """A table of texts with a rule, ready for a paper.

    Attributes
    ----------
    table : DataFrame of str
        Its cells; the index names the lines.
    heads : tuple of str
        What stands above the columns.
    n_estimates : int
        Lines before the rule.
    notes : tuple of str
        Lines below the table.
    title : str
        Above it; may be empty.
    """

    table: pd.DataFrame
    heads: tuple[str, ...]
    n_estimates: int
    notes: tuple[str, ...]
    title: str = ""

    def __repr__(self) -> str:
        shown = pd.DataFrame(self.table.to_numpy(), self.table.index, list(self.heads))
        lines = shown.to_string().splitlines()
        return on_screen(
            "\n".join([*([self.title] if self.title else []), *lines, "", *self.notes])
        )

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_markdown(self) -> str:
        """Write the table as Markdown, its notes below."""
        heads = ["", *(markdown_escaped(head) for head in self.heads)]
        lines = [heads, [":---", *["---:"] * len(self.heads)]]
        lines += [[markdown_escaped(cell) for cell in row] for row in self._rows()]
        lines = [[cell.replace(INDENT, "&emsp;") for cell in cells] for cells in lines]
        body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        above = [f"**{markdown_escaped(self.title)}**"] if self.title else []
        return "\n\n".join([*above, body, *map(markdown_escaped, self.notes)])

    def to_html(self) -> str:
        """Write the table as HTML, every text escaped."""
        head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in ("", *self.heads))
        body = []
        for k, (name, *cells) in enumerate(self._rows()):
            rule = " style='border-top:1px solid'" if k == self.n_estimates else ""
            texts = "".join(f"<td style='text-align:right'>{escape(cell)}</td>" for cell in cells)
            inner = escape(name).replace(INDENT, "&emsp;")
            side = f"<th scope='row' style='text-align:left'>{inner}</th>"
            body.append(f"<tr{rule}>{side}{texts}</tr>")
        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        notes = "<br>".join(escape(note) for note in self.notes)
        table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>"
        return without_commands(f"{table}</table><p><small>{notes}</small></p>")

    def to_latex(self) -> str:
        """Write the table as LaTeX, for the package booktabs."""
        lines = ["\\begin{table}", "\\centering"]
        if self.title:
            lines.append(f"\\caption{{{latex_escaped(self.title)}}}")
        heads = " & ".join(["", *(latex_escaped(head) for head in self.heads)])
        lines += [f"\\begin{{tabular}}{{l{'r' * len(self.heads)}}}", "\\toprule"]
        lines += [f"{heads} \\\\", "\\midrule"]
        for k, row in enumerate(self._rows()):
            if 0 < k == self.n_estimates:
                lines.append("\\midrule")
            cells = " & ".join(latex_escaped(cell) for cell in row).replace(INDENT, "\\quad ")
            lines.append(f"{cells} \\\\")
        small = " \\\\\n".join(latex_escaped(note) for note in self.notes)
        lines += ["\\bottomrule", "\\end{tabular}", ""]
        lines += [f"\\medskip\n\\parbox{{\\linewidth}}{{\\footnotesize {small}}}", "\\end{table}"]
        return "\n".join(lines) + "\n"

    def to_word(self, path: Path | str) -> Path:
        """Write the table as a Word document.

        Parameters
        ----------
        path : Path or str
            The file, which ends in ``.docx``.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        BelbiotechError
            Another ending, or python-docx is not installed.
        """
        rows = [["", *self.heads], *self._rows()]
        return write_word(
            Path(path), rows, n_estimates=self.n_estimates, notes=self.notes, title=self.title
        )

    def _rows(self) -> list[list[str]]:
        names = [str(name) for name in self.table.index]
        cells = self.table.to_numpy().tolist()
        return [[name, *row] for name, row in zip(names, cells, strict=True)]
