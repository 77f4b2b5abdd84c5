"""A release in, a static site out: plain files that any host serves and that open from disk.

May import dataset and survival, and studies and plots as well; never report or cli.
"""

from belbiotech.explorer.site import build_site

__all__ = ["build_site"]
