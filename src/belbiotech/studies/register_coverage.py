"""Which share of a population the shipped panel holds, and what that does to a result."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from belbiotech.dataset.facts.tables import Tables
from belbiotech.errors import FitError, PanelError, heard_warnings
from belbiotech.survival.cox.estimate import cox
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.plain import plain_table

__all__ = ["Coverage", "coverage"]

BY = ("year", "region", "segment", "fate")
NEEDED = ("firm_id", "year", "region", "segment", "observed", "failure", "acquisition")


@dataclass(frozen=True)
class Coverage:
    """How much of a population is held.

    Attributes
    ----------
    shares : DataFrame
        One row for each year, region, sector and fate: ``by``, ``value``, ``firms`` (in the
        population), ``held`` (of these in the shipped panel), ``share``.
    weights : DataFrame
        One row for each firm that is held: ``firm_id``, ``region``, ``fate``, ``weight``: how
        many firms of the population it stands for.
    not_represented : int
        Firms of the population in cells of region and fate in which no firm is held; firms of
        the same fate in other regions stand for them, or nobody.
    weighted : CoxResult or None
        The model on the firms that are held, reweighted to the population.
    unweighted : CoxResult or None
        The same without weights.
    population : CoxResult or None
        The same on everyone in the register.
    why_not : str
        Why models are missing, if they are.
    """

    shares: pd.DataFrame
    weights: pd.DataFrame
    not_represented: int
    weighted: CoxResult | None
    unweighted: CoxResult | None
    population: CoxResult | None
    why_not: str


def coverage(
    register: pd.DataFrame,
    shipped: pd.DataFrame | Tables,
    *,
    formula: str = "exit ~ alliances_active_lag1",
) -> Coverage:
    """Say which share of a population the shipped panel holds, and reweight a Cox model to it.

    The weight of a firm is the number of firms in the population over the number held, in its
    region and with its fate in the register (poststratification; Holt and Smith 1979). Fate may
    be used because the population's is known: it mends that exits are written about more often
    than survival, or less. What firms of one region and fate differ in beyond that is not mended.

    Parameters
    ----------
    register : DataFrame
        The population, as `register_panel` gives it: firms that are shipped have their shipped
        ids there. Only its observed firm-years count.
    shipped : DataFrame or Tables
        The shipped panel.
    formula : str
        The model, as for `cox`; the rows are those of the register, with clusters by firm.

    Returns
    -------
    Coverage
        Shares, weights, and the models.

    Raises
    ------
    PanelError
        A panel without the columns needed, or a register without an observed firm-year.

    References
    ----------
    Holt, D. and Smith, T. M. F. (1979). Post stratification. Journal of the Royal Statistical
    Society A 142, 33-46.
    """
    panel = shipped.firm_year if isinstance(shipped, Tables) else as_table(shipped, "shipped")
    register = as_table(register, "register")
    for table, name, needed in ((register, "register", NEEDED), (panel, "shipped", NEEDED[:1])):
        missing = [column for column in needed if column not in table.columns]
        if missing:
            msg = f"{name} has no column {', '.join(map(repr, missing))}; give a firm-year panel"
            raise PanelError(msg)
    register = plain_table(register, NEEDED, numbers=["failure", "acquisition"])
    panel = plain_table(panel, NEEDED[:1])
    rows = register[register["observed"].astype(bool)]
    if rows.empty:
        msg = "no firm-year of the register is observed; give more extracts, or a longer period"
        raise PanelError(msg)
    rows = rows.assign(fate=_fates(rows), held=rows["firm_id"].isin(set(panel["firm_id"])))
    weights, not_represented = _weights(rows)
    mine = rows[rows["held"]].merge(weights[["firm_id", "weight"]], on="firm_id")
    models: dict[str, CoxResult | None] = {}
    reasons = []
    for name, table, weight in (
        ("weighted", mine, "weight"),
        ("unweighted", mine, None),
        ("population", rows, None),
    ):
        models[name], reason = _fitted(formula, table, weight)
        reasons += [f"{name}: {reason}"] if reason else []
    return Coverage(
        shares=_shares(rows),
        weights=weights,
        not_represented=not_represented,
        why_not="; ".join(reasons),
        **models,
    )


def _fates(rows: pd.DataFrame) -> pd.Series:
    """Each firm's fate while it was observed, on each of its rows."""
    failed = rows.groupby("firm_id")["failure"].transform("max").eq(1)
    sold = rows.groupby("firm_id")["acquisition"].transform("max").eq(1)
    fate = pd.Series("there", rows.index, dtype=object)
    return fate.mask(sold, "acquisition").mask(failed, "failure")


def _shares(rows: pd.DataFrame) -> pd.DataFrame:
    tables = []
    for by in BY:
        firms = rows.drop_duplicates(["firm_id", by]).groupby(by)["held"]
        count, held = firms.size(), firms.sum().astype("int64")
        table = pd.DataFrame({"by": by, "value": count.index.astype(str)})
        tables.append(table.assign(firms=count.to_numpy(), held=held.to_numpy()))
    shares = pd.concat(tables, ignore_index=True)
    return shares.assign(share=shares["held"] / shares["firms"])


def _weights(rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Weigh each firm that is held by its cell of region and fate."""
    firms = rows.drop_duplicates("firm_id", keep="last")[["firm_id", "region", "fate", "held"]]
    cells = firms.groupby(["region", "fate"])["held"].agg(all="size", held="sum").reset_index()
    empty = cells[cells["held"] == 0]
    # firms of a cell in which none is held are shared out among those of their fate elsewhere
    spare = empty.groupby("fate")["all"].sum()
    full = cells[cells["held"] > 0].copy()
    of_fate = full.groupby("fate")["all"].transform("sum")
    full["all"] = full["all"] * (1 + full["fate"].map(spare).fillna(0) / of_fate)
    full["weight"] = full["all"] / full["held"]
    held = firms[firms["held"]].merge(full[["region", "fate", "weight"]], on=["region", "fate"])
    held = held.sort_values("firm_id", ignore_index=True)
    return held[["firm_id", "region", "fate", "weight"]], int(empty["all"].sum())


def _fitted(formula: str, rows: pd.DataFrame, weight: str | None) -> tuple[CoxResult | None, str]:
    if rows.empty:
        return None, "no firm of the shipped panel is in the register"
    try:
        with heard_warnings():  # the summary shows the number of events beside each estimate
            return cox(formula, rows, weights=weight, cluster="firm_id"), ""
    except (FitError, PanelError) as error:
        return None, str(error)
