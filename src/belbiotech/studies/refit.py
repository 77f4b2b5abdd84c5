"""One model fitted to two versions of the data: did what changed move the result."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from belbiotech.errors import PanelError, heard_warnings, in_words
from belbiotech.studies.whose import clusters_of
from belbiotech.survival.cox.estimate import cox
from belbiotech.survival.engines.sources import is_held
from belbiotech.survival.rows.door import as_table

__all__ = ["refit"]


def refit(
    formula: str, panels: Mapping[str, pd.DataFrame], *, cluster: str | None = "unit"
) -> pd.DataFrame:
    """Fit the same Cox model to several panels.

    Parameters
    ----------
    formula : str
        As for `belbiotech.cox`.
    panels : mapping of str to DataFrame
        The panels by name, such as ``{"0.1.0": load_panel("0.1.0"), ...}``.
    cluster : str, optional
        Column of the clusters of the standard errors; "unit": whose row it is, by the panel's own
        word (``data.attrs["unit"]``), else ``firm_id``; None: no clusters.

    Returns
    -------
    DataFrame
        One row for each panel and coefficient: version, covariate, hazard_ratio, lower, upper,
        p_value, n_rows, n_events.

    Raises
    ------
    FormulaError, PanelError, FitError
        As `belbiotech.cox`.

    Examples
    --------
    >>> import belbiotech as bb
    >>> panel = bb.load_panel("0.1.0")
    >>> panels = {"all": panel, "observed": panel[panel["observed"]]}
    >>> table = refit("exit ~ alliances_active_lag1", panels)
    >>> table[["version", "n_rows", "n_events"]].to_numpy().tolist()
    [['all', 1402, 46], ['observed', 606, 38]]
    """
    if not isinstance(panels, Mapping) or not panels:
        msg = (
            f"panels is {in_words(panels)}; give each panel its name, as in "
            "{'1.0.0': load_panel('1.0.0'), 'own': rows}"
        )
        raise PanelError(msg)
    tables = []
    for version, given in panels.items():
        panel = given if is_held(given) else as_table(given)
        with heard_warnings():  # the table shows the number of events beside each estimate
            fitted = cox(formula, panel, cluster=clusters_of(panel, cluster))
        summary = fitted.summary
        tables.append(
            pd.DataFrame(
                {
                    "version": version,
                    "covariate": list(summary.index),
                    "hazard_ratio": summary["exp(coef)"].to_numpy(),
                    "lower": summary["exp(coef) lower 95%"].to_numpy(),
                    "upper": summary["exp(coef) upper 95%"].to_numpy(),
                    "p_value": summary["p"].to_numpy(),
                    "n_rows": fitted.n_rows,
                    "n_events": fitted.n_events,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
