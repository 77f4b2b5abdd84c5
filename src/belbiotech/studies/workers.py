"""Many independent fits, in a few processes, with one bar that shows how far they are.

The processes are plain ones that speak through their pipes, not those of ``multiprocessing``: so
they may be started from any thread and from any process (also one that may have no children),
run nothing of the user's script, change nothing in this process, and end with it, however it
ends: a worker whose pipe is closed, or whose parent is gone, ends itself.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, TypeVar, cast

from belbiotech.errors import PanelError, in_words, warn
from belbiotech.studies.arguments import is_count
from belbiotech.survival.rows.column_names import check_truth_values

__all__ = ["run", "serve"]

Task = TypeVar("Task")
Result = TypeVar("Result")

FEW = 40  # fewer tasks than that are done before a second process has started
LOOK = 0.5  # seconds between two looks of a worker for its parent
LAST_WORDS = 5.0  # seconds until a worker that does not end is killed
PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.buffer.readline()); "
    "from belbiotech.studies.workers import serve; serve()"
)


class _NoWorkersError(Exception):
    """The workers could not be started, could not be told what to do, or ended too early."""


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
        here, and so it is in a worker of ``multiprocessing`` that may have no children.
    progress : bool
        Whether to show a bar, on a terminal or in a notebook.
    what : str
        Its title.

    Returns
    -------
    list
        The results, in the order of the tasks, the same for any number of processes.

    Raises
    ------
    PanelError
        Fewer than one process.
    """
    if processes is not None and not is_count(processes, 1):
        msg = f"processes must be 1 or more, or None for one a core, not {in_words(processes)}"
        raise PanelError(msg)
    check_truth_values(progress=progress)
    count = processes or min(os.cpu_count() or 1, max(1, len(tasks) // FEW))
    if count > 1 and not multiprocessing.current_process().daemon and sys.executable:
        try:
            return list(_shown(_parallel(work, shared, tasks, count), len(tasks), progress, what))
        except _NoWorkersError as error:
            msg = f"the worker processes failed ({error}), so all is done again in one process"
            warn(msg)
    here = (work(shared, task) for task in tasks)
    return list(_shown(here, len(tasks), progress, what))


def _parallel(
    work: Callable[[Any, Task], Result], shared: Any, tasks: Sequence[Task], count: int
) -> Iterator[Result]:
    """Give chunks of tasks to whichever worker is free, and their results in order."""
    size = max(1, min(25, len(tasks) // (4 * count)))
    chunks = [tasks[begin : begin + size] for begin in range(0, len(tasks), size)]
    try:
        sent = [pickle.dumps(chunk) for chunk in chunks]
        first = pickle.dumps((work, shared))
        first = pickle.dumps((_functions_named([first, *sent]), first))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        msg = f"they cannot be sent what to do: {error}"
        raise _NoWorkersError(msg) from error
    with contextlib.ExitStack() as stack:
        free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        # Leaving the block, workers end first: the threads that wait for them end with them.
        pool = stack.enter_context(ThreadPoolExecutor(min(count, len(chunks))))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        for _ in range(min(count, len(chunks))):
            free.put(stack.enter_context(_Worker(first)))
        futures = [pool.submit(_at_next_free, free, chunk) for chunk in sent]
        for future in futures:
            yield from future.result()


def _functions_named(sent: Sequence[bytes]) -> dict[str, Callable[..., Any]]:
    """Give the registered functions whose names are in what is sent: formulas may call them."""
    from belbiotech.survival.formulas.functions import added_functions

    named = {
        name: f
        for name, f in added_functions().items()
        if any(name.encode() in content for content in sent)
    }
    for name, f in named.items():
        try:
            pickle.dumps(f)
        except Exception as error:
            msg = f"the function {name!r} of formulas cannot be sent: {error}"
            raise _NoWorkersError(msg) from error
        if getattr(f, "__module__", type(f).__module__) == "__main__":
            msg = f"the function {name!r} of formulas is in no module that they can import"
            raise _NoWorkersError(msg)
    return named


def _at_next_free(free: queue.SimpleQueue[_Worker], chunk: bytes) -> list[Any]:
    worker = free.get()
    try:
        return worker.ask(chunk)
    finally:
        free.put(worker)


class _Worker:
    """A process that does tasks; as a context, it is gone afterwards."""

    def __init__(self, first: bytes) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        except OSError as error:
            msg = f"none could be started: {error}"
            raise _NoWorkersError(msg) from error
        pipes = self._process.stdin, self._process.stdout
        self._pipes = cast(tuple[IO[bytes], IO[bytes]], pipes)
        self._first: bytes | None = first

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        """End the process now: what it is doing nobody waits for any more."""
        self._process.kill()
        self._process.wait(LAST_WORDS)
        for pipe in self._pipes:
            with contextlib.suppress(OSError):
                pipe.close()

    def ask(self, chunk: bytes) -> list[Any]:
        """Send a chunk of tasks, and wait for their results."""
        to_worker, from_worker = self._pipes
        try:
            if self._first is not None:
                to_worker.write(json.dumps(sys.path).encode() + b"\n")
                _send(to_worker, self._first)
                self._first = None
            _send(to_worker, chunk)
            done, told = pickle.load(from_worker)  # nosec B301: its own child's pipe
        except (OSError, EOFError, pickle.UnpicklingError, ValueError) as error:
            msg = f"one ended too early: {error}"
            raise _NoWorkersError(msg) from error
        if done == "error":
            met, text = told
            met.add_note(f"In a worker process:\n{text}")
            raise met
        if done == "unknown":
            raise _NoWorkersError(told)
        return list(told)


def serve() -> None:
    """Be a worker: read work and tasks from standard input, write results, until it is closed.

    What the work prints goes to standard error: standard output belongs to the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to decide upon
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, chunks), daemon=True).start()
    threading.Thread(target=_end_without_parent, args=(os.getppid(),), daemon=True).start()
    try:
        functions, first = pickle.loads(chunks.get())  # nosec B301: its parent's pipe
        _register(functions)
        work, shared = pickle.loads(first)  # nosec B301: the same
    except Exception as error:
        _answer(answers, ("unknown", f"they do not know the work: {error}"))
        return
    while True:  # until the pipe ends, see _listen
        _answer(answers, _done(work, shared, chunks.get()))


def _register(functions: Mapping[str, Callable[..., Any]]) -> None:
    for name, f in functions.items():
        # Here, so that a worker starts at once, and ends at once, where there are none.
        from belbiotech.survival.formulas.functions import register_function

        register_function(name, f)


def _done(work: Callable[[Any, Any], Any], shared: Any, chunk: bytes) -> tuple[str, Any]:
    try:
        tasks = pickle.loads(chunk)  # nosec B301: the same
    except Exception as error:
        return "unknown", f"they do not know the tasks: {error}"
    try:
        return "done", [work(shared, task) for task in tasks]
    except Exception as error:
        return "error", (error, traceback.format_exc())


def _answer(answers: IO[bytes], answer: tuple[str, Any]) -> None:
    """Write an answer; one that cannot be sent is told of as such."""
    try:
        content = pickle.dumps(answer)
        pickle.loads(content)  # nosec B301: what was made one line above
    except Exception as error:
        kind, told = answer
        text = told[1] if kind == "error" else ""
        content = pickle.dumps(("unknown", f"a result cannot be sent: {error}\n{text}".strip()))
    answers.write(content)
    answers.flush()


def _listen(pipe: IO[bytes], chunks: queue.SimpleQueue[bytes]) -> None:
    """Read on while the work goes on: the end of the pipe is the end of the parent."""
    try:
        while True:
            chunks.put(_receive(pipe))
    except (EOFError, OSError):
        os._exit(0)


def _end_without_parent(parent: int) -> None:
    """End with the parent, also where another process has inherited the other end of the pipe."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(0)


def _send(pipe: IO[bytes], content: bytes) -> None:
    pipe.write(len(content).to_bytes(8, "big"))
    pipe.write(content)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    length = int.from_bytes(_exactly(pipe, 8), "big")
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError
    return content


def _shown(results: Iterable[Result], total: int, progress: bool, what: str) -> Iterable[Result]:
    if not progress:
        return results
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        return results
    return track(results, what, total, console=console, transient=True)
