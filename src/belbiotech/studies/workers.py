"""Many independent fits, in a few processes, with one bar that shows how far they are."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeVar

from belbiotech.errors import PanelError, warn

__all__ = ["run"]

Task = TypeVar("Task")
Result = TypeVar("Result")

FEW = 40  # fewer tasks than that are done before a second process has started
_kept: dict[str, Any] = {}  # what a worker process was given at its start


def run(
    work: Callable[[Any, Task], Result],
    shared: Any,
    tasks: Sequence[Task],
    *,
    processes: int | None = None,
    progress: bool = False,
    what: str = "Fits",
) -> list[Result]:
    """Do each task, in processes of their own where that pays.

    Parameters
    ----------
    work : callable
        Takes ``shared`` and a task; a function of a module, so that it can be sent.
    shared : object
        What all tasks read; sent once to each process.
    tasks : sequence
        The tasks.
    processes : int, optional
        How many at once; by default one for each core, and 1 for few tasks. With 1 all is done
        here.
    progress : bool
        Whether to show a bar, on a terminal or in a notebook.
    what : str
        Its title.

    Returns
    -------
    list
        The results, in the order of the tasks.

    Raises
    ------
    PanelError
        Fewer than one process.
    """
    if processes is not None and processes < 1:
        msg = f"processes must be 1 or more, or None for one a core, not {processes!r}"
        raise PanelError(msg)
    count = processes or min(os.cpu_count() or 1, max(1, len(tasks) // FEW))
    if count > 1:
        try:
            return list(_shown(_parallel(work, shared, tasks, count), len(tasks), progress, what))
        except BrokenProcessPool:
            msg = "the worker processes ended too early, so all is done again in one process"
            warn(msg, stacklevel=3)
    here = (work(shared, task) for task in tasks)
    return list(_shown(here, len(tasks), progress, what))


def _parallel(
    work: Callable[[Any, Task], Result], shared: Any, tasks: Sequence[Task], count: int
) -> Iterator[Result]:
    # Fresh processes: forking one that has threads (DuckDB, BLAS) can lock up.
    context = multiprocessing.get_context("spawn")
    chunk = max(1, min(25, len(tasks) // (4 * count)))
    with ProcessPoolExecutor(count, context, _keep, (work, shared)) as pool:
        with _hidden_script():
            results = pool.map(_do, tasks, chunksize=chunk)  # all are handed in here
        yield from results


@contextmanager
def _hidden_script() -> Iterator[None]:
    """Hide the user's script from processes that start meanwhile.

    Python would run the script anew in each of them, and break where it comes to the call that
    started them, unless all stands under ``if __name__ == "__main__"``. Nothing that is sent to
    them is of the script.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _keep(work: Callable[[Any, Any], Any], shared: Any) -> None:
    _kept.update(work=work, shared=shared)


def _do(task: Any) -> Any:
    return _kept["work"](_kept["shared"], task)


def _shown(results: Iterable[Result], total: int, progress: bool, what: str) -> Iterable[Result]:
    if not progress:
        return results
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    silent = not (console.is_terminal or console.is_jupyter)
    return track(results, what, total, console=console, transient=True, disable=silent)
