"""Facts of firms that never were: what `build` makes a panel of, with the truth known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.studies.seeds import generator
from belbiotech.studies.simulation.lives import CELLS, Lives, World, live
from belbiotech.studies.simulation.panel import traits

if TYPE_CHECKING:
    from belbiotech.dataset.facts.read import Facts

__all__ = ["simulate_facts"]

PARTNERS = {"upstream": "university", "horizontal": "biotech", "downstream": "large_pharma"}
PURPOSES = {"exploration": "rd_collaboration", "exploitation": "licence_out"}


def simulate_facts(
    n_firms: int = 300,
    effect: float = 0.0,
    *,
    seed: int | np.random.Generator | None = None,
    **rules: Any,
) -> Facts:
    """Make the facts of a simulated panel: firms, events, alliances, financings, pages.

    Parameters
    ----------
    n_firms, effect, seed
        As in :func:`simulate_panel`.
    **rules
        The other arguments of :func:`simulate_panel`.

    Returns
    -------
    Facts
        Checked like facts that are read from files. With the same arguments and seed,
        ``build(..., observation="first_page")`` makes the panel of :func:`simulate_panel` of
        them: each firm has one page, of the beginning of its year.

    Raises
    ------
    PanelError
        An argument out of its range.

    Examples
    --------
    >>> from belbiotech import build
    >>> tables = build(simulate_facts(100, effect=-0.5, seed=1), observation="first_page")
    >>> tables.firms["exit_kind"].value_counts().to_dict()
    {'failure': 41, 'acquisition': 26}
    """
    from belbiotech.dataset.facts.fields import FACTS
    from belbiotech.dataset.facts.read import facts_from_texts
    from belbiotech.dataset.facts.texts import RawTable

    world = World(n_firms=n_firms, effect=effect, **rules)
    tables = _tables(live(world, generator(seed)), world)
    texts = {}
    for name, fields in FACTS.items():
        frame = tables[name].reindex(columns=list(fields)).astype(object)
        frame[frame.isna()] = None
        texts[name] = RawTable(f"{name}.csv", frame, tuple(range(2, len(frame) + 2)))
    return facts_from_texts(texts)


def _tables(lives: Lives, world: World) -> dict[str, pd.DataFrame]:
    firms = _firms(lives)
    return {
        "firms": firms.drop(columns="page"),
        "events": _events(lives, firms),
        "alliances": _alliances(lives, firms),
        "financings": _financings(lives, firms),
        "sources": _sources(firms, world),
    }


def _firms(lives: Lives) -> pd.DataFrame:
    numbers = [f"{k:0{len(str(len(lives.founded)))}d}" for k in range(1, len(lives.founded) + 1)]
    return pd.DataFrame(
        {
            "firm_id": [f"firm-{number}" for number in numbers],
            "name": [f"Firm {number}" for number in numbers],
            "founded": lives.founded.astype(str),
            **traits(len(lives.founded)),
            "source_ids": [f"s{int(number):08x}" for number in numbers],
            "page": lives.founded + lives.page_age,
            "confidence": "B",
            "date_quality": "stated",
        }
    )


def _of_firm(firms: pd.DataFrame, who: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Give the columns that every fact on a firm has."""
    return {
        "firm_id": firms["firm_id"].to_numpy()[who],
        "source_id": firms["source_ids"].to_numpy()[who],
        "confidence": "B",
        "date_quality": "stated",
    }


def _events(lives: Lives, firms: pd.DataFrame) -> pd.DataFrame:
    """Give exits, listings, and a last sighting of those that have no exit."""
    kinds = {
        "bankrupt": (lives.failed, lives.last_age),
        "acquired": (lives.acquired, lives.last_age),
        "observed_active": (~(lives.failed | lives.acquired), lives.last_age),
        "ipo": ((lives.ipo_age >= 0) & (lives.ipo_age <= lives.last_age), lives.ipo_age),
    }
    parts = []
    for event, (happened, age) in kinds.items():
        who = np.flatnonzero(happened)
        dates = (lives.founded + age)[who].astype(str)
        parts.append(pd.DataFrame({**_of_firm(firms, who), "event": event, "date": dates}))
    return pd.concat(parts, ignore_index=True)


def _alliances(lives: Lives, firms: pd.DataFrame) -> pd.DataFrame:
    who, age, cell = np.nonzero(lives.signed)
    each = np.repeat(np.arange(len(who)), lives.signed[who, age, cell])
    who, age, cell = who[each], age[each], cell[each]
    return pd.DataFrame(
        {
            **_of_firm(firms, who),
            "partner": [f"Partner {k}" for k in range(1, len(who) + 1)],
            "partner_type": [PARTNERS[CELLS[k][0]] for k in cell],
            "start": (lives.founded[who] + age).astype(str),
            "alliance_type": [PURPOSES[CELLS[k][1]] for k in cell],
            "firm_role": "mutual",
        }
    )


def _financings(lives: Lives, firms: pd.DataFrame) -> pd.DataFrame:
    who, age = np.nonzero(lives.financed)
    each = np.repeat(np.arange(len(who)), lives.financed[who, age])
    who, age = who[each], age[each]
    return pd.DataFrame(
        {
            **_of_firm(firms, who),
            "date": (lives.founded[who] + age).astype(str),
            "round": "venture_unspecified",
            "lead_investor": [f"Investor {k}" for k in range(1, len(who) + 1)],
        }
    )


def _sources(firms: pd.DataFrame, world: World) -> pd.DataFrame:
    """Give a page a firm, and one of the year after the last: that is when all was compiled."""
    pages = pd.DataFrame(
        {
            "source_id": [*firms["source_ids"], "sffffffff"],
            "title": [*firms["name"], "Simulated compilation"],
            "published": [*firms["page"].astype(str), str(world.end_year + 1)],
        }
    )
    pages["url"] = "https://example.org/" + pages["source_id"]
    return pages.assign(publisher="Simulation", language="en")
