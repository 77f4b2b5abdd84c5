"""A figure that notebooks show once, whether or not pyplot knows it."""

from __future__ import annotations

import sys
from io import BytesIO

from matplotlib.figure import Figure

__all__ = ["NotebookFigure"]


class NotebookFigure(Figure):
    """A matplotlib Figure that is a picture to a notebook, whether or not pyplot was imported.

    At the end of a cell, IPython's inline backend shows all figures that pyplot knows. A figure
    that the cell itself ends with has been shown then, and pyplot forgets it here.
    """

    def _ipython_display_(self) -> None:
        """Show the picture, and take it off those that are still to be shown."""
        from IPython.display import display

        picture = {"image/png": self._repr_png_(), "text/plain": repr(self)}
        display(picture, raw=True)  # type: ignore[no-untyped-call]
        if "matplotlib.pyplot" in sys.modules:
            from matplotlib import pyplot

            pyplot.close(self)

    def _repr_png_(self) -> bytes:
        """Give the picture."""
        picture = BytesIO()
        self.savefig(picture, format="png", dpi=self.dpi, bbox_inches="tight")
        return picture.getvalue()
