"""What takes a second or more says so on a terminal, and nowhere else."""

import importlib
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

import belbiotech

COMMANDS = {
    "fit": ["fit", "exit ~ alliances_active_lag1", "--version", "0.1.0"],
    "info": ["info"],
    "diff": ["diff", "0.1.0", "0.2.0", "--refit", "exit ~ alliances_active_lag1"],
    "export": ["export", "--to", "csv", "--version", "0.1.0", "--table", "firms"],
    "validate": ["validate", "data/raw"],
    "verify": ["verify", "0.1.0"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_is_doing(call, monkeypatch, tmp_path, name):
    said = []

    @contextmanager
    def working(what):
        said.append(what)
        yield

    monkeypatch.setattr(belbiotech, "versions", lambda: ["0.1.0"])  # the smallest is enough
    monkeypatch.setattr(importlib.import_module(f"belbiotech.cli.{name}"), "working", working)
    out = ["--out", tmp_path / "out"] if name == "export" else []
    code, _ = call(*COMMANDS[name], *out)
    assert code == 0
    assert said


VERIFY = [sys.executable, "-c", "from belbiotech.cli import app; app()", "verify", "0.1.0"]


def shown_on(terminal):
    """Read all that is written to a terminal, until nobody has it open."""
    parts = []
    try:
        while part := os.read(terminal, 65_536):
            parts.append(part)
    except OSError:  # how Linux says that it ended
        pass
    os.close(terminal)
    return b"".join(parts).decode()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_it_is_said_on_a_terminal():
    above, below = os.openpty()
    usual = os.environ | {"TERM": "xterm"}
    with subprocess.Popen(VERIFY, stdout=subprocess.PIPE, stderr=below, env=usual) as done:
        os.close(below)
        assert "reading every file and value of 0.1.0" in shown_on(above)
        assert b"all as released" in done.communicate()[0]


def test_nothing_of_it_goes_into_a_pipe():
    done = subprocess.run(VERIFY, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "all as released" in done.stdout
