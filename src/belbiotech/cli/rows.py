"""The rows that a command works on: of a version, of a folder, or of a file of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from belbiotech.errors import PanelError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["rows_of"]


def rows_of(
    version: str | None, data: Path | None, *, observed: bool = True
) -> tuple[pd.DataFrame, str]:
    """Load the rows to be fitted.

    Parameters
    ----------
    version : str or None
        A data version; the newest if neither is given.
    data : Path or None
        A folder that ``belbiotech build`` wrote, a folder of facts, or a CSV or Parquet file of
        rows with ``start`` and ``stop``.
    observed : bool
        Whether to keep only the rows under observation, where the rows say which these are.

    Returns
    -------
    DataFrame
        The rows.
    str
        What they are, in words.

    Raises
    ------
    BelbiotechError
        Both or unknown data, or facts that break a rule.
    """
    import belbiotech as bb

    if data is not None and version is not None:
        msg = f"--version {version} and --data {data} name two sets of data; give one of them"
        raise PanelError(msg)
    if data is None or data.is_dir():
        panel = bb.load_panel(version if data is None else data)
        number = panel.attrs["version"]
        what = f"Data version {number}" if data is None else f"Data in {data}"
    else:
        panel, what = _file(data), f"Data in {data}"
    if not observed or "observed" not in panel.columns:
        return panel, f"{what}, all rows"
    return panel[panel["observed"].astype(bool)], f"{what}, observed rows"


def _file(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        msg = f"there is no folder or file {path}; name a built folder, facts, or a CSV of rows"
        raise PanelError(msg)
    try:
        return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except (ValueError, OSError) as error:
        msg = f"{path} is no table that can be read ({error}); give a CSV or Parquet file"
        raise PanelError(msg) from error
