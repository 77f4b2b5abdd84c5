"""The codebook of a release as pages for people: Markdown and HTML, made from the same columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from belbiotech.dataset.documents.distribution import Distribution, distribution

if TYPE_CHECKING:
    from belbiotech.dataset.documents.manifest import ColumnEntry, Manifest, TableEntry
    from belbiotech.dataset.facts.tables import ReleaseTables

__all__ = ["codebook_html", "codebook_markdown"]

TYPES = {
    "string": "text",
    "int64": "whole number",
    "Int64": "whole number",
    "float64": "number",
    "bool": "true or false",
    "boolean": "true or false",
}
NESTED = ("own_codes", "own_means", "merged_with")
HOW_TO_READ = (
    "Shares of missing values and distributions are of all rows of the table. In charts of "
    "numbers each bar is a range of equal width (of amounts: a power of ten), lowest first; "
    "the highest bar is scaled to full height."
)


@dataclass(frozen=True)
class _Explained:
    """A column with what its page says of it."""

    column: ColumnEntry
    kind: str
    missing: str
    spread: Distribution


def codebook_markdown(tables: ReleaseTables, manifest: Manifest) -> str:
    """Write the codebook of a release as Markdown.

    Parameters
    ----------
    tables : Tables
        The tables.
    manifest : Manifest
        What the release says of their columns.

    Returns
    -------
    str
        A section a table, a row a column.
    """
    parts = [f"# Codebook, version {manifest.version}", _built_with(manifest), HOW_TO_READ]
    for name, entry, columns in _explained(tables, manifest):
        head = "| column | meaning | type and values | missing | distribution | rule | since |"
        rows = [_markdown_row(column) for column in columns]
        parts += [
            f"## {name}",
            f"{entry.description}. {entry.rows:,d} rows.",
            "\n".join([head, "|---" * 7 + "|", *rows]),
        ]
    return "\n\n".join(parts) + "\n"


def codebook_html(tables: ReleaseTables, manifest: Manifest) -> str:
    """Write the codebook of a release as one HTML page that needs nothing else.

    Parameters
    ----------
    tables : Tables
        The tables.
    manifest : Manifest
        What the release says of their columns.

    Returns
    -------
    str
        The page; a section a table, a row a column, charts as inline SVG.
    """
    title = f"Codebook, version {manifest.version}"
    links = [f'<a href="#{name}">{name}</a>' for name in manifest.tables]
    body = [
        f"<h1>{title}</h1>",
        f"<p>{escape(_built_with(manifest))} {HOW_TO_READ}</p>",
        f"<nav>{' '.join(links)}</nav>",
    ]
    for name, entry, columns in _explained(tables, manifest):
        rows = "\n".join(_html_row(name, column) for column in columns)
        body.append(
            f'<h2 id="{name}">{name}</h2>\n<p>{escape(entry.description)}. '
            f"{entry.rows:,d} rows, {len(columns)} columns.</p>\n"
            f"<table>\n{HTML_HEAD}\n<tbody>\n{rows}\n</tbody>\n</table>"
        )
    head = f'<meta charset="utf-8">\n<title>{title}</title>\n<style>{STYLE}</style>'
    text = "\n".join(body)
    page = f"<head>\n{head}\n</head>\n<body>\n{text}\n</body>"
    return f'<!DOCTYPE html>\n<html lang="en">\n{page}\n</html>\n'


def _built_with(manifest: Manifest) -> str:
    told = {key: value for key, value in manifest.parameters.items() if key not in NESTED}
    values = [f"{key} = {'none' if value is None else value}" for key, value in told.items()]
    shipped = manifest.parameters.get("merged_with")
    if shipped:
        values.append(f"shipped facts {shipped['version']} (prefer = {shipped['prefer']})")
    return f"Built with {', '.join(values)}." if values else ""


def _explained(
    tables: ReleaseTables, manifest: Manifest
) -> Iterator[tuple[str, TableEntry, list[_Explained]]]:
    for name, frame in tables.items():
        entry = manifest.tables[name]
        columns = [
            _Explained(
                column,
                TYPES[column.dtype],
                _share(column.missing, entry.rows),
                distribution(frame[column.name], column.allowed),
            )
            for column in entry.columns
        ]
        yield name, entry, columns


def _share(missing: int, rows: int) -> str:
    """Write a share of rows; one that is above none never shows as 0%."""
    if missing == 0:
        return "none"
    percent = 100 * missing / rows
    return "under 0.1%" if percent < 0.1 else f"{percent:.1f}%"


def _markdown_row(explained: _Explained) -> str:
    column, spread = explained.column, explained.spread
    counts = dict(zip(spread.labels, spread.counts, strict=True))
    values = "; ".join(
        f"`{code}` {label} ({counts[code]:,d})".replace("  ", " ")
        for code, label in column.allowed.items()
    )
    unit = f", {column.unit}" if column.unit else ""
    chart = f"`{spread.blocks()}` " if spread.counts else ""
    cells = [
        f"`{column.name}`",
        f"**{column.title}.** {column.description}",
        f"{explained.kind}{unit}" + (f": {values}" if values else ""),
        explained.missing,
        f"{chart}{spread.summary}",
        column.rule,
        column.since,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _html_row(table: str, explained: _Explained) -> str:
    column, spread = explained.column, explained.spread
    unit = f", {escape(column.unit)}" if column.unit else ""
    is_coded = column.allowed or column.dtype in ("bool", "boolean")
    chart = _codes(column, spread) if is_coded else _histogram(spread)
    cells = [
        f"<code>{escape(column.name)}</code>",
        f"<b>{escape(column.title)}.</b> {_prose(column.description)}"
        f'<div class="rule">{_prose(column.rule)}</div>',
        f"{explained.kind}{unit}",
        explained.missing,
        f"{chart}<div>{escape(spread.summary)}</div>",
        escape(column.since),
    ]
    inside = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr id="{table}.{escape(column.name)}">{inside}</tr>'


def _prose(text: str) -> str:
    """Turn words between backquotes into code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if odd % 2 else part for odd, part in enumerate(parts))


def _codes(column: ColumnEntry, spread: Distribution) -> str:
    """List codes, labels and counts, each with its bar."""
    top = max(spread.counts, default=0) or 1
    rows = [
        f"<tr><td><code>{escape(code)}</code></td><td>{escape(column.allowed.get(code, ''))}</td>"
        f"<td class='n'>{count:,d}</td><td>{_svg(80, 10, [(0, 0, 80 * count / top, 10)])}</td></tr>"
        for code, count in zip(spread.labels, spread.counts, strict=True)
    ]
    return f"<table class='codes'>{''.join(rows)}</table>"


def _histogram(spread: Distribution) -> str:
    """Draw bars beside one another, each with its range and count as a tip."""
    if not spread.counts:
        return ""
    top, width = max(spread.counts), 14
    bars = [
        (width * place, 40 - 40 * count / top, width - 1, 40 * count / top)
        for place, count in enumerate(spread.counts)
    ]
    tips = [
        f"{label}: {count:,d}" for label, count in zip(spread.labels, spread.counts, strict=True)
    ]
    return _svg(width * len(bars), 40, bars, tips)


def _svg(
    width: int,
    height: int,
    bars: Sequence[tuple[float, float, float, float]],
    tips: Sequence[str] | None = None,
) -> str:
    drawn = [
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}">'
        + (f"<title>{escape(tips[place])}</title>" if tips else "")
        + "</rect>"
        for place, (x, y, wide, high) in enumerate(bars)
    ]
    return f'<svg width="{width}" height="{height}" role="img">{"".join(drawn)}</svg>'


HTML_HEAD = (
    "<thead><tr><th>column</th><th>meaning and rule</th><th>type</th><th>missing</th>"
    "<th>values and distribution</th><th>since</th></tr></thead>"
)
STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; color: #222; max-width: 1200px; margin: 2em auto;
  padding: 0 1em; }
nav a { margin-right: 1em; }
h2 { margin-top: 2em; border-bottom: 2px solid #4477aa; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; padding-right: 10px; position: sticky; top: 0; background: #fff;
  border-bottom: 1px solid #888; }
td { vertical-align: top; padding: 6px 10px 6px 0; border-bottom: 1px solid #ddd; }
code { font: 13px ui-monospace, monospace; }
svg { display: block; fill: #4477aa; }
.rule { color: #555; font-size: 13px; margin-top: 4px; }
.codes { width: auto; font-size: 13px; }
.codes td { padding: 1px 8px 1px 0; border: 0; }
.n { text-align: right; }
"""
