"""The tour runs from its first cell to its last, and shows what it showed when it was committed.

After a wanted change: ``jupyter execute --inplace scripts/examples/tour.ipynb``, and look at it.
"""

import copy
import json
from pathlib import Path

import pytest

TOUR = Path(__file__).parents[2] / "scripts" / "examples" / "tour.ipynb"


def shown(notebook) -> list[tuple[str, str]]:
    """What the cells wrote, in order: its kind and the text, of a figure only that it is one."""
    found = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                found.append(("figure", ""))
            else:
                text = output["text"] if "text" in output else data["text/plain"]
                found.append((output["output_type"], "".join(text)))
    return found


def test_the_tour_runs_and_shows_what_it_showed(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    committed = nbformat.read(TOUR, as_version=4)
    again = copy.deepcopy(committed)
    for cell in again.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    nbclient.NotebookClient(
        again, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert shown(again) == shown(committed)


def test_the_committed_tour_has_its_outputs_and_nothing_of_a_machine():
    text = TOUR.read_text("utf-8")
    notebook = json.loads(text)
    kinds = [kind for kind, _ in shown(notebook)]
    assert kinds.count("figure") == 1
    assert "error" not in kinds
    assert len(kinds) >= 10
    assert str(Path.home()) not in text
    assert str(TOUR.parents[2]) not in text
    counts = [c["execution_count"] for c in notebook["cells"] if c["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
