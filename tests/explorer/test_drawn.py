"""What charts show can be read; who has no scripts is told what to do."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
BOXES = """
  (selector) => [...document.querySelectorAll(selector)].map((shape) => {
    const { left, right, top, bottom } = shape.getBoundingClientRect();
    return { left, right, top, bottom, text: shape.textContent };
  })
"""


def boxes(page, selector: str) -> list[dict]:
    """Places of what a selector finds, in pixels."""
    return page.evaluate(BOXES, selector)


def meet(a: dict, b: dict) -> bool:
    """Tell whether two boxes share more than a pixel at their edges."""
    across = min(a["right"], b["right"]) - max(a["left"], b["left"])
    down = min(a["bottom"], b["bottom"]) - max(a["top"], b["top"])
    return across > 1 and down > 1


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("firm", ["ablynx", "mdxhealth"])
def test_names_of_partners_fit_beside_the_time_line(visit, site, firm, width):
    visit.page.set_viewport_size(PHONE | {"width": width})
    page = visit.open(site, f"firm/{firm}.html")
    page.wait_for_selector("#timeline svg")
    names = boxes(page, "#timeline [data-mark='y-axis tick label'] text")
    (figure,) = boxes(page, "#timeline")
    assert len(names) > 10
    for name in names:
        assert name["left"] >= figure["left"], name
        assert name["right"] < figure["right"], name


@pytest.mark.parametrize("width", [390, 1280])
def test_the_fate_stands_on_nothing(visit, site, state, width):
    firms = state.tables.firms
    panel = state.tables.firm_year
    ended = firms[firms["exit_year"].notna() & firms["firm_id"].isin(panel["firm_id"])]
    visit.page.set_viewport_size(PHONE | {"width": width})
    for firm in ended["firm_id"].head(6):
        page = visit.open(site, f"firm/{firm}.html")
        page.wait_for_selector("#timeline svg")
        (fate,) = boxes(page, "#timeline [data-mark=text] text")
        assert fate["text"].endswith(str(int(firms.set_index("firm_id").loc[firm, "exit_year"])))
        shapes = "#timeline [data-mark=bar] rect, #timeline [data-mark=dot] path"
        assert not [shape for shape in boxes(page, shapes) if meet(fate, shape)]


@pytest.mark.parametrize("width", [390, 1280])
def test_names_in_the_network_cover_neither_names_nor_points(visit, site, width):
    visit.page.set_viewport_size(PHONE | {"width": width})
    for choice in ("", "#around=VIB", "#year=2010"):
        page = visit.open(site, f"partners.html{choice}")
        page.wait_for_selector("#network svg")
        names = boxes(page, "#network [data-mark=text] text")
        points = [
            point
            for point in boxes(page, "#network [data-mark=dot] circle")
            if point["right"] - point["left"] > 5  # those without an alliance are faint dots
        ]
        assert len(names) >= 3
        assert len(points) >= len(names)
        for k, name in enumerate(names):
            assert not [other for other in names[:k] if meet(name, other)], name
            assert not [point for point in points if meet(name, point)], name


def test_a_year_without_alliances_is_told_and_leaves_no_empty_frame(visit, site, state):
    alliances = state.tables.alliances
    window = state.tables.parameters["alliance_window"]
    until = alliances["end_year"].fillna(alliances["start_year"] + window)
    until = until.where(until > alliances["start_year"], alliances["start_year"] + 1)
    first, last = alliances["start_year"], until - 1
    partner = alliances.loc[first > first.min(), "partner"].iloc[0]
    own = alliances["partner"] == partner
    page = visit.open(site, f"partners.html#year={first.min()}&around={partner}")
    said = page.inner_text("#said")
    there = f"there were some from {first[own].min()} to {int(last[own].max())}"
    assert said == f"{first.min()}: no alliance in force around {partner}; {there}"
    assert not page.is_visible("#network")
    page.fill("[name=around]", "")
    page.wait_for_selector("#network svg")
    assert page.is_visible("#network")


def test_a_correction_can_be_written_without_scripts(chromium, site):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/correct.html")
    assert page.locator("form:visible").count() == 0
    assert "Without scripts nothing is filled in" in page.inner_text("main")
    page.fill("#text", "Data release: 0.2.0\nFirm: ablynx")
    assert page.input_value("#text").endswith("ablynx")
    context.close()
