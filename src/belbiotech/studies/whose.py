"""By what errors are clustered where nobody says: by whose row it is."""

from __future__ import annotations

from typing import Any

from belbiotech.errors import PanelError, nearest_names
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.units import unit_of

__all__ = ["WHOSE", "clusters_of"]

SHOWN = 30  # columns named in a message
WHOSE = "unit"  # for ``cluster=``: by whose row it is, whatever that column is called


def clusters_of(panel: Any, cluster: str | None, unit: str | None = None) -> str | None:
    """Find the column of clusters.

    Parameters
    ----------
    panel : DataFrame
        The rows.
    cluster : str or None
        What the caller was given; "unit": whose row it is; None: no clusters.
    unit : str, optional
        Column that says whose row it is, if the caller was told.

    Returns
    -------
    str or None
        The column.

    Raises
    ------
    PanelError
        Nothing says whose row it is, or there is no such column; the message names the argument.
    """
    if cluster is None:
        return None
    panel = as_table(panel)
    found = unit_of(panel, unit) if isinstance(cluster, str) and cluster == WHOSE else cluster
    if found is None:
        names = ", ".join(map(repr, list(panel.columns)[:SHOWN]))
        msg = (
            "errors are clustered by whose row it is, and nothing says whose; name the column with "
            f"cluster='...', or say cluster=None; the columns are {names}"
        )
        raise PanelError(msg)
    if isinstance(found, str) and found not in panel.columns:
        told = nearest_names(found, panel.columns)
        msg = f"cluster={found!r}: there is no such column; {told}"
        raise PanelError(msg)
    return found
