import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from belbiotech.errors import BelbiotechWarning, PanelError
from belbiotech.studies.simulation.panel import simulate_panel
from belbiotech.studies.specification import specification_curve
from belbiotech.studies.workers import run
from belbiotech.survival.formulas import functions
from belbiotech.survival.formulas.functions import register_function


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


def end_at_once(pid, task):
    """Work that ends its process, unless that is the one of the test."""
    if os.getpid() != pid:
        os._exit(3)
    return task


def cannot_be_sent(pid, task):
    """A result that no pipe carries, but where it was made it is fine."""
    return task if os.getpid() == pid else (lambda: task)


@pytest.mark.parametrize("work", [end_at_once, cannot_be_sent])
def test_processes_that_fail_are_made_up_for(work):
    with pytest.warns(BelbiotechWarning, match="in one process"):
        assert run(work, os.getpid(), [1, 2, 3], processes=2) == [1, 2, 3]


def test_work_that_cannot_be_sent_is_done_here():
    with pytest.warns(BelbiotechWarning, match="cannot be sent what to do"):
        assert run(lambda shared, task: shared + task, 1, [1, 2], processes=2) == [2, 3]


def test_an_error_that_cannot_be_sent_is_met_again_here():
    with pytest.warns(BelbiotechWarning), pytest.raises(Odd, match="two words"):
        run(odd, None, [1], processes=2)


class Odd(Exception):
    """An error that pickle takes apart and cannot put together."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def odd(shared, task):
    raise Odd("two", "words")


def pid_of(shared, task):
    return os.getpid(), multiprocessing.current_process().daemon, sys.modules["__main__"].__name__


def test_several_processes_do_the_work():
    pids = {pid for pid, *_ in run(pid_of, None, list(range(200)), processes=2)}
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2


POOL = """
import multiprocessing, os, sys
from belbiotech.studies.simulation.panel import simulate_panel
from belbiotech.studies.specification import specification_curve
from belbiotech.studies.workers import run
from belbiotech.survival.formulas import functions
from belbiotech.survival.formulas.functions import register_function
def work(seed):
    return run(pow, seed, [1, 2, 3], processes=2)
def alone(seed, queue):
    queue.put(run(pow, seed, [1, 2, 3], processes=2))
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(pool.map(work, [2, 3]))
    queue = context.Queue()
    process = context.Process(target=alone, args=(5, queue))
    process.start()
    print(queue.get())
    process.join()
"""


@pytest.mark.parametrize("start", ["spawn", "fork", "forkserver"])
def test_in_workers_of_every_kind(tmp_path, start):
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip("not on this system")
    script = tmp_path / "script.py"
    script.write_text(POOL)
    done = subprocess.run([sys.executable, script, start], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["[[2, 4, 8], [3, 9, 27]]", "[5, 25, 125]"], done.stderr
    assert done.stderr == ""


def test_threads_at_once_and_nothing_of_this_process_changes():
    main, path = sys.modules["__main__"], list(sys.path)
    found = {}

    def study(base):
        found[base] = run(pow, base, list(range(60)), processes=2)

    threads = [threading.Thread(target=study, args=(base,)) for base in (2, 3, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {base: [base**k for k in range(60)] for base in (2, 3, 5)}
    assert sys.modules["__main__"] is main
    assert sys.path == path
    assert not [thread.name for thread in threading.enumerate() if "Pool" in thread.name]


LONG = """
import signal
# A shell that begins the tests in the background, or nohup, has these ignored by all it begins.
signal.signal(signal.SIGINT, signal.default_int_handler)
for end in (signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(end, signal.SIG_DFL)
import belbiotech_naps
from belbiotech.studies import workers
start = workers.subprocess.Popen
def told(*args, **named):
    process = start(*args, **named)
    print(process.pid, flush=True)
    return process
workers.subprocess.Popen = told
workers.run(belbiotech_naps.nap, None, list(range(8)), processes=2)
"""


def is_alive(pid):
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
@pytest.mark.parametrize("end", ["SIGTERM", "SIGHUP", "SIGKILL", "SIGINT", "SIGQUIT"])
def test_however_a_study_ends_no_worker_is_left(tmp_path, end):
    (tmp_path / "belbiotech_naps.py").write_text(
        "import time\ndef nap(shared, task):\n    time.sleep(60)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(LONG)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as study:
        try:
            pids = [int(study.stdout.readline()) for _ in range(2)]
            time.sleep(1)
            assert all(map(is_alive, pids))
            study.send_signal(getattr(signal, end))
            study.wait(10)
        finally:
            study.kill()
    for _ in range(100):
        if not any(map(is_alive, pids)):
            break
        time.sleep(0.1)
    assert not any(map(is_alive, pids))


def test_a_bar_only_on_a_terminal(capsys):
    assert run(pow, 2, [1, 2], progress=True) == [2, 4]
    assert capsys.readouterr().err == ""


SCRIPT_WITH_A_FUNCTION = """
import multiprocessing, warnings
import belbiotech as bb
def twice(x):
    return 2 * x
bb.register_function("twice", twice)
def curve(processes):
    rows = bb.simulate_panel(60, seed=4)
    found = bb.specification_curve(
        rows, outcomes=["failure"], exposures=["twice(alliances_cum_lag1)"], designs={"all": ""},
        processes=processes, progress=False,
    )
    return found.table["estimate"].round(10).tolist()
if __name__ == "__main__":
    alone = curve(1)
    with warnings.catch_warnings(record=True) as heard:
        assert curve(2) == alone
    assert "'twice' of formulas is in no module" in str(heard[0].message), heard
    for method in multiprocessing.get_all_start_methods():
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert pool.apply(curve, (1,)) == alone
            print(method)
"""


@pytest.mark.slow
def test_functions_of_a_script_are_known_however_processes_start(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT_WITH_A_FUNCTION)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == multiprocessing.get_all_start_methods()


def thrice(x):
    return 3 * x


def curve_with(function):
    rows = simulate_panel(150, seed=4)
    found = specification_curve(
        rows,
        outcomes=["failure"],
        exposures=[f"{function}(alliances_cum_lag1)"],
        controls=["", "alliances_active_lag1"],
        designs={"all": ""},
        processes=2,
        progress=False,
    )
    return found.table["estimate"].tolist()


def test_functions_of_a_module_are_sent_to_workers(monkeypatch):
    """Errors are warnings: had the workers not known the function, all would be done here."""
    monkeypatch.setattr(functions, "_added", {})
    register_function("thrice", thrice)
    assert len(set(curve_with("thrice"))) == 2


def test_a_function_that_cannot_be_sent_keeps_the_study_here(monkeypatch):
    monkeypatch.setattr(functions, "_added", {})
    register_function("thrice", thrice)
    sent = curve_with("thrice")
    register_function("thrice", lambda x: 3 * x)
    with pytest.warns(BelbiotechWarning, match="'thrice' of formulas cannot be sent"):
        np.testing.assert_array_equal(curve_with("thrice"), sent)
