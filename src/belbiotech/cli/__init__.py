"""The command line: one short module a command."""

from belbiotech.cli.app import app, main

__all__ = ["app", "main"]
