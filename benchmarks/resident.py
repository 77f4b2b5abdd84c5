"""Memory of a process, as this system tells it."""

from __future__ import annotations

from pathlib import Path


def resident(what: str, process: str = "self") -> float:
    """Memory of a process in MB: "VmRSS" now, "VmHWM" at its highest."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) / 1024
