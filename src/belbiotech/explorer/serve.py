"""Show a site on this machine: a port of its own, and headers as strict as the pages."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from html import escape
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from belbiotech.errors import BelbiotechError
from belbiotech.explorer.pages import CONTENT_SECURITY_POLICY

__all__ = ["FIRST_PORT", "local_server"]

FIRST_PORT = 8000
TRIES = 50
HOST = "127.0.0.1"  # this machine only
HEADERS = {
    "Content-Security-Policy": f"{CONTENT_SECURITY_POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def local_server(site: Path, port: int = FIRST_PORT) -> ThreadingHTTPServer:
    """Open a server of the site, on the first free port from the one asked for.

    Parameters
    ----------
    site : Path
        The folder of the site.
    port : int
        The first port to try, 1 to 65535.

    Returns
    -------
    ThreadingHTTPServer
        It listens; ``server_address`` tells its port, ``serve_forever`` runs it.

    Raises
    ------
    BelbiotechError
        A number that is no port, or no port that is free and may be used.
    """
    if not 1 <= port <= 65535:
        msg = f"a port is a number from 1 to 65535; it is {port}"
        raise BelbiotechError(msg)
    handler = partial(_Handler, directory=str(site))
    last = min(port + TRIES, 65536)
    for number in range(port, last):
        try:
            return _Server((HOST, number), handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    msg = (
        f"no port from {port} to {last - 1} is free; give another with --port, "
        "or write the files with --out"
    )
    raise BelbiotechError(msg)


class _Server(ThreadingHTTPServer):
    """A server whose port nobody else listens on."""

    allow_reuse_address = False
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a reader who left before the page was there."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(SimpleHTTPRequestHandler):
    """Files of the site; for a firm that it does not have, the nearest names."""

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the terminal belongs to the person."""

    def send_head(self) -> Any:
        if "\0" in unquote(self.path):  # in the name of no file
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def list_directory(self, path: Any) -> None:
        """Show no list of files: a folder without a page is no page."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        if code != HTTPStatus.NOT_FOUND:
            super().send_error(code, message, explain)
            return
        wanted = Path(unquote(self.path.split("?")[0])).stem
        text = _not_found(wanted, [path.stem for path in Path(self.directory, "firm").glob("*")])
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _not_found(wanted: str, firms: Sequence[str]) -> str:
    near = get_close_matches(wanted, firms, n=3, cutoff=0.5)
    links = "".join(
        f'<li><a href="/firm/{quote(name)}.html">{escape(name)}</a></li>' for name in near
    )
    told = escape(f"There is no page {wanted!r}.")
    offered = f"<p>Did you mean:</p><ul>{links}</ul>" if near else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Not found</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/site.css"></head><body><main>'
        f'<h1>Not found</h1><p>{told}</p>{offered}<p><a href="/index.html">All firms</a></p>'
        "</main></body></html>"
    )
