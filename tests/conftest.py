"""What all tests share: the values that R gave, and the data it gave them for."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")  # no test opens a window

# Two cores shared by two workers: no deadlines. In CI the same examples each time.
settings.register_profile("belbiotech", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("belbiotech")

REFERENCE = Path(__file__).parent / "reference"


@functools.cache
def _values(name: str) -> dict[str, Any]:
    return json.loads((REFERENCE / "values" / f"{name}.json").read_text(encoding="utf-8"))


@functools.cache
def _data(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / f"{name}.csv", float_precision="round_trip")


@pytest.fixture(scope="session")
def reference_values() -> Callable[[str], dict[str, Any]]:
    """Read ``reference/values/NAME.json``, what the script ``reference/NAME.R`` wrote."""
    return _values


@pytest.fixture(scope="session")
def reference_data() -> Callable[[str], pd.DataFrame]:
    """Read ``reference/data/NAME.csv``: a fresh copy each time, so that tests may change it."""
    return lambda name: _data(name).copy()
