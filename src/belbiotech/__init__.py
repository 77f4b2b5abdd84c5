"""A sourced panel of Belgian biotechnology firms, and survival statistics for such panels.

The public names are listed in ``__init__.pyi`` and loaded at their first use, so that
``import belbiotech`` stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

from belbiotech.survival.inference.words import tell_codebook

if TYPE_CHECKING:
    from belbiotech.survival.inference.words import Labels

__version__ = "1.0.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def _codebook() -> Labels:
    from belbiotech.report.labels import data_labels

    return data_labels()


tell_codebook(_codebook)
