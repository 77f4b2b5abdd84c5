"""Who works with whom: alliances as links between firms and partners, by year."""

from __future__ import annotations

from typing import Any

import pandas as pd

from belbiotech.explorer.states import State
from belbiotech.explorer.words import Words, file_stem, shown

__all__ = ["partners"]

FIRM = "firm"


def partners(state: State, words: Words) -> dict[str, Any]:
    """Make the network of firms and their partners.

    A partner that goes by the name of a firm of the data, or by one of its other names, is that
    firm. An alliance without a known end lasts as many years as the release's window says.

    Parameters
    ----------
    state : State
        The release.
    words : Words
        Its labels.

    Returns
    -------
    dict
        ``nodes`` (name, kind, file of the firm's page or None), ``links`` (places of the two
        nodes, first and last year, words), ``kinds`` (kind to label), ``first`` and ``last``
        year.
    """
    tables = state.tables
    window, end_year = tables.parameters["alliance_window"], int(tables.parameters["end_year"])
    nodes: list[dict[str, Any]] = []
    places: dict[str, int] = {}
    names: dict[str, int] = {}
    for firm in tables.firms.to_dict("records"):
        places[firm["firm_id"]] = len(nodes)
        for name in [firm["name"], *(firm["other_names"] or "").split(";")]:
            names.setdefault(name.casefold().strip(), len(nodes))
        nodes.append({"name": firm["name"], "kind": FIRM, "file": file_stem(firm["firm_id"])})
    links = []
    for row in tables.alliances.to_dict("records"):
        partner = names.setdefault(row["partner"].casefold().strip(), len(nodes))
        if partner == len(nodes):
            kind = shown(row["partner_group"])
            nodes.append({"name": row["partner"], "kind": kind, "file": None})
        first = int(row["start_year"])
        until = end_year + 1 if window is None else first + window
        known = pd.notna(row["end_year"])
        links.append(
            {
                "firm": places[row["firm_id"]],
                "partner": partner,
                "from": first,
                "to": int(row["end_year"]) if known else until,
                "known": bool(known),
                "type": words.label("alliances", "alliance_type", row["alliance_type"]),
                "partner_type": words.label("alliances", "partner_type", row["partner_type"]),
                "subject": shown(row["subject"]),
            }
        )
    years = [link["from"] for link in links]
    codes = words.codes("alliances", "partner_group")
    kinds = {FIRM: "Firm of the sample", **codes, "": "Position not stated"}
    there = {node["kind"] for node in nodes}
    return {
        "nodes": nodes,
        "links": links,
        "kinds": {kind: label for kind, label in kinds.items() if kind in there},
        "first": min(years, default=end_year),
        "last": max([end_year, *years]),
        "window": window,
    }
