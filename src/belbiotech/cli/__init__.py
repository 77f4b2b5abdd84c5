"""The command line: one short module a command.

In: arguments. Out: what the functions of all other rooms return, printed or written. On top: may
import any of them, and none imports it.
"""

from belbiotech.cli.app import app, main

__all__ = ["app", "main"]
