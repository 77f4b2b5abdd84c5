"""``belbiotech explore``, as a person types it."""

import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from belbiotech.dataset.releases.store import data_folder

FACTS = Path(__file__).parents[2] / "data" / "raw"


def test_explore_writes_a_site(call, tmp_path):
    out = tmp_path / "site"
    code, shown = call("explore", "0.1.0", "--out", out, "--firm", "Ablynx")
    assert code == 0
    assert "firm/ablynx.html" in shown
    assert (out / "index.html").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere",), "no folder 'nowhere'"),
        (("9.9.9",), "'9.9.9'"),
        (("0.1.0", "--firm", "ablinx"), "'ablynx'"),
        (("0.1.0", "--issues", "javascript:1"), "https://"),
        (("0.1.0", "--port", "99999"), "1 to 65535"),
        ((str(FACTS),), "belbiotech build"),
    ],
)
def test_what_cannot_be_explored_is_told(call, words, told):
    code, shown = call("explore", *words, "--no-browser")
    assert code == 1
    assert told in shown


def test_a_damaged_release_is_told(call, tmp_path):
    folder = Path(shutil.copytree(data_folder() / "0.1.0", tmp_path / "0.1.0"))
    (folder / "alliances.parquet").unlink()
    code, shown = call("explore", folder, "--out", tmp_path / "site")
    assert code == 1
    assert "alliances.parquet" in shown
    assert "belbiotech verify" in shown


def test_explore_serves_on_the_next_free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = "from belbiotech.cli import main; main()"
        words = [sys.executable, "-u", "-c", command, "explore", "0.1.0", "--no-browser"]
        with subprocess.Popen([*words, "--port", str(port)], stdout=subprocess.PIPE) as run:
            first, second = (run.stdout.readline().decode() for _ in range(2))
            try:
                address = re.search(r"http://127\.0\.0\.1:(\d+)/", second)
                assert f"Port {port} is in use" in first
                assert int(address[1]) > port
                with urllib.request.urlopen(address[0]) as answer:
                    assert b"The firms of the sample" in answer.read()
            finally:
                run.terminate()
