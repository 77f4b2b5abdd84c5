"""A figure that notebooks show by themselves, and pyplot does not keep."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure

__all__ = ["NotebookFigure"]


class NotebookFigure(Figure):
    """A matplotlib Figure that is a picture to a notebook, whether or not pyplot was imported.

    IPython prefers its own printer of figures, which its inline backend installs, and else asks
    for the picture here: the figure is shown once either way.
    """

    def _repr_png_(self) -> bytes:
        """Give the picture."""
        picture = BytesIO()
        self.savefig(picture, format="png", dpi=self.dpi, bbox_inches="tight")
        return picture.getvalue()
