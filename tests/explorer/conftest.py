"""Sites and a browser for all tests of the explorer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from belbiotech.dataset.facts.tables import Tables
from belbiotech.dataset.releases.release import write_release
from belbiotech.explorer import build_site
from belbiotech.explorer.states import State, find_states
from belbiotech.explorer.words import Words

VERSION = "0.2.0"
HOSTILE = [
    "<script>alert(1)</script>",
    "\"quotes' & `ticks` </title><img src=x onerror=alert(1)>",
    "\u202eright-to-left override\u200f",
    "x" * 300,
    "</script><script>alert(2)</script>",
    "{{ 7 * 7 }} {% raw %}",
]
CHROMIUM = ["chromium", "chromium-browser", "google-chrome"]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def state() -> State:
    return find_states(VERSION)[-1]


@pytest.fixture(scope="session")
def words(state) -> Words:
    return Words(state.manifest)


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The site of a shipped release."""
    return build_site(VERSION, tmp_path_factory.mktemp("shipped") / "site").parent


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Path:
    """A release of ten firms, on disk."""
    tables = first_firms(find_states(VERSION)[-1].tables, 10)
    return write_release(tables, "0.0.1", tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def hostile(tmp_path_factory) -> Path:
    """A site of firms, partners and pages with names that no browser should run."""
    made = with_hostile_names(first_firms(find_states(VERSION)[-1].tables, 10))
    folder = tmp_path_factory.mktemp("hostile")
    release = write_release(made, "0.0.1", folder / "releases")
    return build_site(release, folder / "site").parent


@pytest.fixture(scope="session")
def hostile_names() -> dict[str, str]:
    """Names that a careless page would run or be broken by, by id of the firm."""
    firms = find_states(VERSION)[-1].tables.firms["firm_id"].tolist()
    return dict(zip(firms, HOSTILE, strict=False))


def first_firms(tables: Tables, number: int) -> Tables:
    """Keep the first firms and what belongs to them."""
    ids = set(tables.firms["firm_id"][:number])
    kept = {
        name: table[table["firm_id"].isin(ids)].reset_index(drop=True)
        for name, table in tables.items()
        if name != "sources"
    }
    return replace(tables, **kept)


def with_hostile_names(tables: Tables) -> Tables:
    """Name the first firms, some partners and all pages so that a careless page would break."""
    names = dict(zip(tables.firms["firm_id"], HOSTILE, strict=False))
    firms, panel = tables.firms.copy(), tables.firm_year.copy()
    for frame in (firms, panel):
        frame["name"] = frame["firm_id"].map(names).fillna(frame["name"])
    alliances, sources = tables.alliances.copy(), tables.sources.copy()
    alliances.loc[alliances.index[: len(HOSTILE)], "partner"] = HOSTILE
    sources["title"] = HOSTILE[0]
    sources["url"] = "javascript:alert(3)"
    return replace(tables, firms=firms, firm_year=panel, alliances=alliances, sources=sources)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser without windows; skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(CHROMIUM)} is installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A page, what it complained of, and what it asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda told: self.complaints.append(f"{told.type}: {told.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda shown: self._dialog(shown))
        page.on("request", lambda request: self.requests.append(request.url))

    def _dialog(self, shown: Any) -> None:
        self.complaints.append(f"dialog: {shown.message}")
        shown.dismiss()

    def open(self, site: Path, name: str) -> Any:
        """Go to a file of a site, as from disk, and wait for its scripts."""
        self.page.goto("about:blank")
        self.page.goto(f"{site.as_uri()}/{name}", wait_until="load")
        return self.page


@pytest.fixture
def visit(chromium) -> Iterator[Visit]:
    """A visitor with a fresh profile, on a wide screen."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    yield Visit(context.new_page())
    context.close()
