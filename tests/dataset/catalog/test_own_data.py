"""Facts and built folders of one's own, by their paths."""

import pandas as pd
import pytest

import belbiotech as bb
from belbiotech.dataset.releases.release import write_release
from belbiotech.errors import FactsError, ReleaseError


@pytest.fixture
def built(facts_folder, tmp_path):
    folder = facts_folder.write()
    return write_release(bb.build(folder), "0.1.0", tmp_path / "out", raw=folder)


def test_build_takes_a_folder_or_facts(facts_folder):
    folder = facts_folder.write()
    of_folder, of_text = bb.build(folder), bb.build(str(folder))
    of_facts = bb.build(bb.read_facts(folder))
    pd.testing.assert_frame_equal(of_folder.firm_year, of_facts.firm_year)
    pd.testing.assert_frame_equal(of_text.firm_year, of_facts.firm_year)


@pytest.mark.parametrize("what", [None, 3, {}, pd.DataFrame()])
def test_build_of_what_is_no_facts_says_what_to_give(what):
    with pytest.raises(FactsError, match="neither facts nor a folder"):
        bb.build(what)


def test_a_built_folder_is_used_by_its_path(built):
    panel = bb.load_panel(built)
    assert panel["firm_id"].unique().tolist() == ["alpha", "beta"]
    assert panel.attrs["version"] == "0.1.0"
    pd.testing.assert_frame_equal(panel, bb.load_panel(str(built.parent)))
    assert bb.load_table("firms", built)["name"].tolist() == ["Alpha", "Beta"]
    assert set(bb.codebook(version=built)["column"]) == set(panel.columns)
    assert "Big" in " ".join(bb.sources_of("alpha", version=built)["fact"])
    assert bb.diff(built, built).empty


def test_a_built_folder_is_exported_by_its_path(built, tmp_path):
    written = bb.export(built, "csv", tmp_path / "csv")
    assert pd.read_csv(written / "firms.csv")["firm_id"].tolist() == ["alpha", "beta"]


def test_a_folder_of_facts_is_built(facts_folder):
    panel = bb.load_panel(facts_folder.write())
    assert panel.attrs["version"] is None
    assert panel.attrs["unit"] == "firm_id"
    pd.testing.assert_frame_equal(panel, bb.build(facts_folder.path).firm_year)


def test_a_moved_folder_still_loads(built, tmp_path):
    place = tmp_path / "mine"
    built.rename(place)
    assert bb.load_panel(place).attrs["version"] == "0.1.0"


def test_a_changed_file_of_a_built_folder_is_told(built):
    (built / "firms.parquet").write_bytes(b"")
    with pytest.raises(ReleaseError, match=r"firms\.parquet"):
        bb.load_table("firms", built)


def test_a_folder_without_a_release_says_what_is_missing(tmp_path, facts_folder):
    with pytest.raises(ReleaseError, match="there is no folder"):
        bb.load_panel(tmp_path / "nowhere")
    with pytest.raises(ReleaseError, match="holds no built version"):
        bb.load_panel(facts_folder.path)
    with pytest.raises(ReleaseError, match="these are facts: build them"):
        bb.load_table("firms", facts_folder.write())


def test_a_build_is_replaced_only_if_asked(facts_folder, built):
    facts_folder.add("firms", firm_id="gamma", founded="2005")
    tables = bb.build(facts_folder.write())
    with pytest.raises(ReleaseError, match="--overwrite"):
        write_release(tables, "0.1.0", built.parent)
    write_release(tables, "0.1.0", built.parent, overwrite=True)
    assert bb.load_table("firms", built)["firm_id"].tolist() == ["alpha", "beta", "gamma"]
    assert sorted(path.name for path in built.parent.iterdir() if path.name[0] != ".") == [
        "0.1.0",
        "registry.json",
    ]


def test_what_was_released_is_not_replaced(facts_folder, built):
    (built / "datacite.json").write_bytes((bb_release() / "datacite.json").read_bytes())
    with pytest.raises(ReleaseError, match="was released"):
        write_release(bb.build(facts_folder.path), "0.1.0", built.parent, overwrite=True)


def test_a_folder_that_is_no_build_is_not_replaced(facts_folder, tmp_path):
    (tmp_path / "out" / "0.1.0").mkdir(parents=True)
    with pytest.raises(ReleaseError, match="no build of a panel"):
        write_release(bb.build(facts_folder.write()), "0.1.0", tmp_path / "out", overwrite=True)


def test_a_fault_while_replacing_leaves_the_old_build(facts_folder, built, faults):
    old = bb.build(facts_folder.path)
    facts_folder.add("firms", firm_id="gamma", founded="2005")
    new = bb.build(facts_folder.write())
    faults.arm(built.parent, 10**9, OSError())
    write_release(new, "0.1.0", built.parent, overwrite=True)
    faults.disarm()
    steps, refused = faults.count, 0
    for at in range(steps - 9, steps):  # the folders change places
        write_release(old, "0.1.0", built.parent, overwrite=True)
        faults.arm(built.parent, at, OSError(28, "No space left on device"))
        try:
            write_release(new, "0.1.0", built.parent, overwrite=True)
            expected = ["alpha", "beta", "gamma"]
        except ReleaseError:
            refused += 1
            expected = ["alpha", "beta"]
        faults.disarm()
        assert bb.load_table("firms", built)["firm_id"].tolist() == expected
    assert refused > 1


def bb_release():
    from belbiotech.dataset.releases.store import find_release

    return find_release("1.0.0").folder
