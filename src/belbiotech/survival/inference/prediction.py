"""What a model predicts along covariate paths: a table that can draw itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pandas as pd

from belbiotech.errors import without_commands
from belbiotech.survival.inference.latex import latex_table
from belbiotech.survival.inference.markdown import markdown_table
from belbiotech.survival.inference.words import words_with

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["Prediction"]

Kind = Literal["survival", "cumulative hazard", "incidence"]
ORIGIN = {"survival": 1.0, "cumulative hazard": 0.0, "incidence": 0.0}
AXIS = {
    "survival": "Share without the event",
    "cumulative hazard": "Cumulative hazard",
    "incidence": "Cumulative incidence",
}


class Prediction(pd.DataFrame):
    """Estimates along covariate paths: a DataFrame with a figure of its own.

    Columns id, time, estimate, std_error, lower, upper, and outcome where there are several. What
    is computed from it, and ``table``, are plain DataFrames.

    Attributes
    ----------
    kind : str
        What the estimates are: "survival", "cumulative hazard" or "incidence".
    """

    _metadata: ClassVar[list[str]] = ["kind"]
    kind: Kind

    @classmethod
    def of(cls, table: pd.DataFrame, kind: Kind) -> Prediction:
        """Make a prediction of its table.

        Parameters
        ----------
        table : DataFrame
            The estimates.
        kind : str
            What they are.

        Returns
        -------
        Prediction
            The same numbers.
        """
        made = cls(table)
        made.kind = kind
        return made

    @property
    def table(self) -> pd.DataFrame:
        """The numbers as a plain DataFrame."""
        return pd.DataFrame(self).copy()

    def to_markdown(self) -> str:  # type: ignore[override]
        """Write the table as Markdown."""
        return markdown_table(self.table)

    def to_latex(self) -> str:  # type: ignore[override]
        """Write the table as LaTeX (booktabs)."""
        return latex_table(self.table, AXIS[self.kind])

    def __repr__(self) -> str:
        return without_commands(super().__repr__())

    def _repr_html_(self) -> str:
        return without_commands(self.table.to_html(max_rows=60, show_dimensions=True))

    def plot(  # type: ignore[override]
        self,
        *,
        labels: Mapping[Any, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
        x_label: str = "Age in years",
        y_label: str | None = None,
    ) -> Figure:
        """Draw a curve for each path, with bands up to four; more than seven in panels.

        Parameters
        ----------
        labels : mapping of path or outcome to str, optional
            What is written for them.
        ax : matplotlib Axes, optional
            Where to draw; by default a figure is made.
        title : str, optional
            What it is.
        palette : str, list or mapping of path to colour, optional
            Colours of the curves, or the name of a colormap.
        x_label, y_label : str
            The units; by default the second says what is predicted.

        Returns
        -------
        matplotlib Figure
            One axes.

        Examples
        --------
        >>> import pandas as pd
        >>> from belbiotech import cox, simulate_panel
        >>> model = cox("failure ~ alliances_active_lag1", simulate_panel(400, seed=1))
        >>> paths = pd.DataFrame(
        ...     {
        ...         "id": ["signs at 5", "signs at 5", "never"],
        ...         "start": [0, 5, 0],
        ...         "stop": [5, 12, 12],
        ...         "alliances_active_lag1": [0, 1, 0],
        ...     }
        ... )
        >>> figure = model.predict_survival(paths).plot(title="An alliance at age 5")
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['signs at 5', 'never']
        """
        from belbiotech.plots import step_curves

        words = words_with({str(name): text for name, text in (labels or {}).items()})
        names = self["id"].map(lambda name: words.own.get(str(name), str(name)))
        if "outcome" in self:
            fates = self["outcome"].map(lambda name: words.level("outcome", name))
            names = names if len(set(fates)) == 1 else fates + ", " + names
        return step_curves(
            self.table.assign(group=names),
            value="estimate",
            origin=ORIGIN[self.kind],
            title=title or "",
            x_label=x_label,
            y_label=AXIS[self.kind] if y_label is None else y_label,
            ax=ax,
            palette=palette,
        )
