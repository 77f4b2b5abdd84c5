"""One look for all figures: tidy tables in, matplotlib figures out.

The colours are those of Okabe and Ito (2008), told apart by most eyes; line styles and markers
tell them apart in grey. Nothing here computes an estimate. Imports nothing but
errors.
"""

from belbiotech.plots.curves import step_curves
from belbiotech.plots.look import COLOURS, HATCHES, LINES, look, save
from belbiotech.plots.marks import bars, scatter_smooth
from belbiotech.plots.ratios import forest, specification_curve
from belbiotech.plots.stacks import stacked_incidence

__all__ = [
    "COLOURS",
    "HATCHES",
    "LINES",
    "bars",
    "forest",
    "look",
    "save",
    "scatter_smooth",
    "specification_curve",
    "stacked_incidence",
    "step_curves",
]
