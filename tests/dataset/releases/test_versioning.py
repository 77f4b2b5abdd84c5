from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech.dataset.documents.manifest import ColumnEntry, Manifest, TableEntry
from belbiotech.dataset.releases.changelog import with_data_section
from belbiotech.dataset.releases.versioning import (
    changes_between,
    check_version,
    needed_step,
    next_version,
    parse_version,
    previous_version,
)
from belbiotech.errors import ReleaseError

REGION = ColumnEntry("region", "string", 0, allowed={"BE-VLG": "Flanders", "BE-WAL": ""})
AGE = ColumnEntry("age", "int64", 0, unit="years", rule="year - founded_year")
FIRM_YEAR = TableEntry("firm_year.parquet", 10, "aa", "Firm-years", (REGION, AGE))
FIRMS = TableEntry("firms.parquet", 2, "bb", "Firms", (REGION,))
OLD = Manifest(
    "0.1.0",
    {"end_year": 2025, "alliance_window": 5},
    {"firm_year": FIRM_YEAR, "firms": FIRMS},
)


def with_column(old, **changed):
    table = replace(FIRM_YEAR, columns=(REGION, replace(old, **changed)))
    return replace(OLD, tables={"firm_year": table, "firms": FIRMS})


def with_table(**changed):
    return replace(OLD, tables={"firm_year": replace(FIRM_YEAR, **changed), "firms": FIRMS})


CHANGED = {
    "table gone": ("major", "table firms removed", replace(OLD, tables={"firm_year": FIRM_YEAR})),
    "column gone": ("major", "column firm_year.age removed", with_table(columns=(REGION,))),
    "type": ("major", "dtype was 'int64' and is 'float64'", with_column(AGE, dtype="float64")),
    "unit": ("major", "unit was 'years' and is 'days'", with_column(AGE, unit="days")),
    "rule": ("major", "firm_year.age: another rule", with_column(AGE, rule="year - first seen")),
    "window": (
        "major",
        "alliance_window was 5 and is 3",
        replace(OLD, parameters={"end_year": 2025, "alliance_window": 3}),
    ),
    "value gone": (
        "major",
        "no longer allowed: BE-WAL",
        with_table(columns=(replace(REGION, allowed={"BE-VLG": ""}), AGE)),
    ),
    "value more": (
        "minor",
        "now allowed: BE-BRU",
        with_table(columns=(replace(REGION, allowed={**REGION.allowed, "BE-BRU": ""}), AGE)),
    ),
    "column more": (
        "minor",
        "column firm_year.start added",
        with_table(columns=(REGION, AGE, replace(AGE, name="start"))),
    ),
    "table more": (
        "minor",
        "table events added",
        replace(OLD, tables={**OLD.tables, "events": FIRMS}),
    ),
    "values": ("minor", "values of firm_year", with_table(content_hash="cc")),
    "years": (
        "minor",
        "end_year was 2025 and is 2026",
        replace(OLD, parameters={"end_year": 2026, "alliance_window": 5}),
    ),
}


@pytest.mark.parametrize("case", CHANGED)
def test_each_change_needs_its_step(case):
    step, what, new = CHANGED[case]
    changes = changes_between(OLD, new)
    assert [change.step for change in changes] == [step]
    assert what in changes[0].what


@pytest.mark.parametrize("case", CHANGED)
def test_a_number_that_promises_too_little_is_refused(case):
    step, what, new = CHANGED[case]
    assert check_version(OLD, new, next_version("0.1.0", step)) == changes_between(OLD, new)
    with pytest.raises(ReleaseError, match=f"this is a {step} change") as caught:
        check_version(OLD, new, "0.1.1")
    assert what in str(caught.value)
    assert next_version("0.1.0", step) in str(caught.value)


def test_same_values_are_a_patch():
    assert changes_between(OLD, with_column(AGE, description="Age in full years")) == []
    assert check_version(OLD, OLD, "0.1.1") == []
    assert needed_step([]) == "patch"


def test_a_larger_step_than_needed_is_allowed_but_no_gap():
    assert check_version(OLD, OLD, "0.2.0") == []
    assert check_version(OLD, OLD, "1.0.0") == []
    for version in ("0.3.0", "0.1.2", "0.2.1", "2.0.0", "0.1.0", "0.0.9"):
        with pytest.raises(ReleaseError, match=f"{version} does not fit after 0.1.0"):
            check_version(OLD, OLD, version)


def test_reworded_rules_need_no_step():
    new = with_column(AGE, rule="the year less the founding year")
    assert changes_between(OLD, new, reworded=True) == []


def test_every_change_of_the_largest_step_is_listed():
    new = replace(CHANGED["table gone"][2], parameters={"end_year": 2026, "alliance_window": 3})
    with pytest.raises(ReleaseError) as caught:
        check_version(OLD, new, "0.2.0")
    assert "alliance_window was 5 and is 3" in str(caught.value)
    assert "table firms removed" in str(caught.value)
    assert "end_year" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "1", "0.1", "v0.1.0", "0.1.0.0", "01.0.0", "0.1.-1", "0.1.0\n", "0.1.٣", "../0.1.0"],
)
def test_no_version(text):
    with pytest.raises(ReleaseError, match=r"is no version; write MAJOR\.MINOR\.PATCH"):
        parse_version(text)


@given(st.tuples(*[st.integers(0, 99)] * 3), st.sampled_from(["major", "minor", "patch"]))
def test_the_next_version_is_later(numbers, step):
    version = ".".join(map(str, numbers))
    assert parse_version(version) == numbers
    assert parse_version(next_version(version, step)) > numbers


def test_the_release_before_is_the_nearest_below():
    known = ["0.9.0", "0.10.0", "0.2.0"]
    assert previous_version("0.11.0", known) == "0.10.0"
    assert previous_version("0.9.1", known) == "0.9.0"
    assert previous_version("0.1.0", []) is None
    with pytest.raises(ReleaseError, match=r"before the first release, 0\.2\.0"):
        previous_version("0.1.0", known)


CHANGELOG = """# Changelog

## [Unreleased]

### Code

- Soon.

## [0.2.0]

### Code

- Faster.

### Data

- Old list.

#### Corrected

- One.

## [0.1.0]

### Code

- First.
"""


def test_a_data_section_is_replaced_and_all_else_stays():
    new = with_data_section(CHANGELOG, "0.2.0", "- New list.\n")
    assert new == CHANGELOG.replace("- Old list.\n\n#### Corrected\n\n- One.", "- New list.")
    assert with_data_section(new, "0.2.0", "- New list.") == new


def test_a_data_section_is_added_to_the_version():
    new = with_data_section(CHANGELOG, "0.1.0", "- First data.")
    assert new == CHANGELOG + "\n### Data\n\n- First data.\n"


def test_a_new_version_comes_above_the_others_and_below_the_unreleased():
    new = with_data_section(CHANGELOG, "0.3.0", "- More firms.")
    expected = "## [0.3.0]\n\n### Data\n\n- More firms.\n\n## [0.2.0]"
    assert new == CHANGELOG.replace("## [0.2.0]", expected)


def test_headings_in_a_data_section_stay_below_it():
    new = with_data_section(CHANGELOG, "0.1.0", "# Firms\n\n- #1\n\n##### Facts\n\n- None.")
    assert new.endswith("### Data\n\n#### Firms\n\n- #1\n\n#### Facts\n\n- None.\n")
    assert with_data_section(new, "0.1.0", "").count("### ") == CHANGELOG.count("### ") + 1


def test_versions_that_begin_alike_are_not_mixed_up():
    new = with_data_section("# Changelog\n\n## [0.1.10]\n\n- Ten.\n", "0.1.1", "- One.")
    assert "## [0.1.1]\n\n### Data\n\n- One." in new
    assert new.endswith("## [0.1.10]\n\n- Ten.\n")
