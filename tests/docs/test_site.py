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


def build(folder: Path) -> Path:
    """Build it; the code of the pages is not run here, but in test_code.py and by ``make docs``."""
    unrun = [
        "-D",
        "nb_execution_mode=off",
        "-D",
        "suppress_warnings=config.cache,toc.not_included,myst-nb.lexer",
    ]
    options = ["-q", "-W", "--keep-going", *unrun, "-d", folder / "trees"]
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


def test_the_site_is_complete_whole_small_and_asks_nobody(tmp_path):
    missing = [name for name in TOOLS if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (the group docs of pyproject.toml)")
    site = build(tmp_path)  # once: two builds at a time would make the same pages
    files = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    pages = {path: Page(path) for path in files}
    assert len(pages) > 100
    assert {name for name in belbiotech.__all__ if not has_page(name, site)} == set()
    assert not_described(site) == set()
    assert broken_links(pages) == []
    assert {str(path): size for path in pages if (size := path.stat().st_size) > LARGEST} == {}
    assert loaded_from_elsewhere(pages, site) == []
    assert unknown_to_search(site) == set()
    assert names_without_a_link(site / "howto" / "which_estimator.html") == set()


def has_page(name: str, site: Path) -> bool:
    path = site / "made" / "reference" / f"belbiotech.{name}.html"
    return path.is_file() and f'id="belbiotech.{name}"' in path.read_text("utf-8")


def not_described(site: Path) -> set[str]:
    """Classes that functions give back, and that have no page."""
    pages = {path.stem.rpartition(".")[2] for path in site.glob("made/reference/belbiotech.*")}
    return {"CoxResult", "AftResult", "CumulativeIncidenceResult", "GFormulaResult"} - pages


def broken_links(pages: dict[Path, Page]) -> list[tuple[str, str]]:
    return [
        (str(path), link)
        for path, page in pages.items()
        for link in [*page.links, *page.loads]
        if not leads_somewhere(link, path, pages)
    ]


def leads_somewhere(link: str, path: Path, pages: dict[Path, Page]) -> bool:
    """Say whether a link leads elsewhere, to a file, or to an anchor that its page has."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return target.is_file()
    return not parts.fragment or unquote(parts.fragment) in pages[target].anchors


def loaded_from_elsewhere(pages: dict[Path, Page], site: Path) -> list[tuple[str, str]]:
    """List what pages or style sheets would fetch from another place."""
    asked = [(str(path), link) for path, page in pages.items() for link in page.loads]
    found = [(path, link) for path, link in asked if urlsplit(link).scheme not in ("", "data")]
    for sheet in site.rglob("*.css"):
        fetched = re.search(r"(@import|url\()\s*[\"']?(https?:)?//\S+", sheet.read_text("utf-8"))
        found += [(str(sheet), fetched[0])] if fetched else []
    return found


def unknown_to_search(site: Path) -> set[str]:
    index = (site / "searchindex.js").read_text("utf-8")
    return {word for word in ("alliance", "hazard", "delay", "cluster") if word not in index}


def names_without_a_link(page: Path) -> set[str]:
    """Find public names that a page sets as code and that lead nowhere."""
    text = page.read_text("utf-8")
    named = set(re.findall(r'<span class="pre">(\w+)', text)) & set(belbiotech.__all__)
    assert len(named) > 20
    return {name for name in named if f"made/reference/belbiotech.{name}.html" not in text}
