"""A release in, a static site out: plain files that any host serves and that open from disk."""

from belbiotech.explorer.site import build_site

__all__ = ["build_site"]
