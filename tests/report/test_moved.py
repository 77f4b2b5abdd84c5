import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from belbiotech.report.moved import moves

TABLE = pd.DataFrame({"model": ["a", "a", "b"], "ratio": [1.0, 2.0, None], "note": ["", "x", "y"]})


def test_equal_tables_have_no_moves():
    assert moves(TABLE, TABLE.copy()) == []


def test_texts_missing_values_and_columns_that_move_are_told():
    after = TABLE.assign(ratio=[1.5, 2.0, 3.0]).rename(columns={"note": "remark"})
    told = [str(move) for move in moves(TABLE, after)]
    assert "all rows: column note gone" in told
    assert "all rows: column remark new" in told
    assert "a, ratio: 1 -> 1.5 (+0.5, +50.0%)" in told
    assert "b, ratio: None -> 3" in told
    assert len(told) == 4


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.data())
def test_every_changed_number_is_found(numbers, data):
    before = pd.DataFrame({"name": [f"r{k % 3}" for k in range(len(numbers))], "n": numbers})
    place = data.draw(st.integers(0, len(numbers) - 1))
    after = before.copy()
    after.loc[place, "n"] += 7
    (move,) = moves(before, after)
    assert (move.before, move.after) == (numbers[place], numbers[place] + 7)
