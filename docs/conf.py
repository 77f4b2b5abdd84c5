"""How the documentation is built: ``make docs``. Nothing is fetched, now or by a reader."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import belbiotech

project = "belbiotech"
author = "The belbiotech developers"
project_copyright = author
release = version = belbiotech.__version__

extensions = [
    "made_pages",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
]
exclude_patterns = ["README.md"]
suppress_warnings = [
    "config.cache",
    "toc.not_included",
]  # a page that nobody listed is found by search

# Pages with examples are run anew at every build: what they show is what this version gives.
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_render_image_options = {"alt": "Figure made by the code above"}
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autosummary_generate = False  # made_pages writes a page for each public name
autodoc_typehints = "none"  # numpydoc's "Parameters" say it in words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = f"belbiotech {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_sidebars = {"index": [], "tutorial": []}  # nothing beside them: room for their code
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": True,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "header_links_before_dropdown": 8,
}
