"""The documentation as built: complete, whole links, small pages, nothing from elsewhere."""

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import belbiotech

ROOT = Path(__file__).parents[2]
TOOLS = ["sphinx", "myst_nb", "pydata_sphinx_theme", "numpydoc"]
LARGEST = 300_000  # bytes of a page


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Build it; the code of the pages is not run here, but in test_code.py and by ``make docs``."""
    missing = [name for name in TOOLS if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (the group docs of pyproject.toml)")
    folder = tmp_path_factory.mktemp("docs")
    options = ["-q", "-W", "--keep-going", "-D", "nb_execution_mode=off", "-d", folder / "trees"]
    command = [sys.executable, "-m", "sphinx", *options, ROOT / "docs", folder / "site"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "site"


class Page(HTMLParser):
    """What a page links to, loads, and can be linked at."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon"):
            self.loads.append(given["href"])
        elif given.get("src"):
            self.loads.append(given["src"])


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {
        path: Page(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts
    }


def test_every_public_name_has_a_page(site):
    assert belbiotech.__all__
    for name in belbiotech.__all__:
        text = (site / "made" / "reference" / f"belbiotech.{name}.html").read_text("utf-8")
        assert f'id="belbiotech.{name}"' in text


def test_what_functions_give_back_has_a_page(site):
    pages = {path.stem.rpartition(".")[2] for path in site.glob("made/reference/belbiotech.*")}
    assert {
        "CoxResult",
        "AftResult",
        "CumulativeIncidenceResult",
        "GFormulaResult",
    } <= pages


def test_links_lead_somewhere(pages, site):
    broken = [
        (str(path.relative_to(site)), link)
        for path, page in pages.items()
        for link in [*page.links, *page.loads]
        if not leads_somewhere(link, path, pages)
    ]
    assert len(pages) > 100
    assert not broken


def leads_somewhere(link: str, path: Path, pages: dict[Path, Page]) -> bool:
    """Say whether a link leads elsewhere, to a file, or to an anchor that its page has."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return target.is_file()
    return not parts.fragment or unquote(parts.fragment) in pages[target].anchors


def test_pages_are_small(pages):
    assert not {str(path): size for path in pages if (size := path.stat().st_size) > LARGEST}


def test_nothing_is_loaded_from_elsewhere(pages, site):
    outside = [(path, link) for path, page in pages.items() for link in page.loads if ":" in link]
    assert not [(path, link) for path, link in outside if not link.startswith("data:")]
    for sheet in site.rglob("*.css"):
        text = sheet.read_text("utf-8")
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", text), sheet


def test_search_knows_the_words_of_the_field(site):
    index = (site / "searchindex.js").read_text("utf-8")
    for word in ("alliance", "hazard", "delay", "cluster"):
        assert word in index
