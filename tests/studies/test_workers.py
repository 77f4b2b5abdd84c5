import subprocess
import sys
import textwrap
from concurrent.futures.process import BrokenProcessPool

import pytest

from belbiotech.errors import BelbiotechWarning, PanelError
from belbiotech.studies.workers import run


def test_results_keep_the_order_of_the_tasks():
    tasks = list(range(30))
    assert run(pow, 2, tasks) == [2**k for k in tasks]


def test_two_processes_give_the_same_as_one():
    tasks = list(range(50))
    assert run(pow, 3, tasks, processes=2) == run(pow, 3, tasks, processes=1)


def test_errors_of_a_worker_reach_the_user():
    with pytest.raises(TypeError):
        run(pow, "no number", [1, 2], processes=2)


def test_bad_number_of_processes():
    with pytest.raises(PanelError, match="1 or more"):
        run(pow, 2, [1], processes=0)


def test_a_script_without_guard_runs_once(tmp_path):
    """Fresh processes would run a script's top again, and break at the call that began them."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            from belbiotech.studies.workers import run
            print("begins")
            print(sum(run(pow, 2, list(range(10)), processes=2)))
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["begins", "1023"]
    assert done.stderr == ""


def test_processes_that_end_too_early_are_made_up_for(monkeypatch):
    def broken(*_):
        raise BrokenProcessPool

    monkeypatch.setattr("belbiotech.studies.workers._parallel", broken)
    with pytest.warns(BelbiotechWarning, match="in one process"):
        assert run(pow, 2, [1, 2, 3], processes=2) == [2, 4, 8]


def test_a_bar_only_on_a_terminal(capsys):
    assert run(pow, 2, [1, 2], progress=True) == [2, 4]
    assert capsys.readouterr().err == ""
