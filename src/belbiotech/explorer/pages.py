"""Templates to pages: every text from the facts is escaped, every link checked."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

import belbiotech
from belbiotech.explorer.corrections import correction_link
from belbiotech.explorer.lives import Fact, Life
from belbiotech.explorer.states import State
from belbiotech.explorer.words import Words

__all__ = ["CONTENT_SECURITY_POLICY", "Pages"]

# Nothing but the site's own files: no inline script or style, no form, no frame, no request.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
NAVIGATION = {
    "index.html": "Firms",
    "partners.html": "Partners",
    "survival.html": "Survival",
    "codebook.html": "Codebook",
    "releases.html": "Releases",
}
LONGEST_TITLE = 120


class Pages:
    """The pages of one site.

    Parameters
    ----------
    state : State
        The release.
    words : Words
        Its labels.
    issues : str, optional
        Where facts are corrected.
    """

    def __init__(self, state: State, words: Words, issues: str | None) -> None:
        self._state, self._issues = state, issues
        self._environment = Environment(
            loader=PackageLoader("belbiotech.explorer"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            policy=CONTENT_SECURITY_POLICY,
            navigation=NAVIGATION,
            version=state.version,
            package_version=belbiotech.__version__,
            end_year=state.tables.parameters["end_year"],
            issues=issues,
            correction=self._correction,
        )

    def render(self, template: str, *, root: str = "", **content: Any) -> str:
        """Write one page.

        Parameters
        ----------
        template : str
            Its template.
        root : str
            The way from the page to the site's root.
        **content
            What the template shows.

        Returns
        -------
        str
            HTML.
        """
        return self._environment.get_template(template).render(
            root=root, template=template, **content
        )

    def _correction(self, life: Life, fact: Fact, root: str) -> str:
        stating = "; ".join(page.url for page in fact.pages if page.states_it)
        title = f"Correct a fact: {life.name}, {fact.kind.lower()} {fact.date}".strip()
        fields = {
            "title": title[:LONGEST_TITLE],
            "version": self._state.version,
            "firm": life.firm_id,
            "fact": f"{fact.kind}, {fact.date or 'no date'}: {fact.text}",
            "page": stating,
        }
        return correction_link(fields, self._issues, root)
