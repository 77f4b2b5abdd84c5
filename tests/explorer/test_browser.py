"""The site in a browser: loads, filters, sorts, draws, counts as the package does, asks nobody."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pandas as pd
import pytest

import belbiotech as bb
from belbiotech.explorer.pages import Pages
from belbiotech.explorer.sample import sample
from belbiotech.explorer.site import data_script

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PAGES = [
    "index.html",
    "firm/ablynx.html",
    "firm/mdxhealth.html",
    "partners.html",
    "survival.html",
    "codebook.html",
    "releases.html",
    "correct.html",
]
CHARTS = {"partners.html": "network", "survival.html": "curves", "firm/ablynx.html": "timeline"}


def rows(page) -> list[str]:
    return page.locator("#firms tbody th").all_inner_texts()


def quiet(visit, site) -> None:
    """Nothing was complained of, and nothing was asked for outside the site's folder."""
    assert visit.complaints == []
    outside = [
        url
        for url in visit.requests
        if not url.startswith((site.as_uri(), "about:", "blob:", "data:"))
    ]
    assert outside == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_from_disk_without_a_complaint(visit, site, name):
    page = visit.open(site, name)
    if name in CHARTS:
        page.wait_for_selector(f"#{CHARTS[name]} svg")
        label = page.locator(f"#{CHARTS[name]} svg[aria-label]").last.get_attribute("aria-label")
        assert len(label) > 20
    quiet(visit, site)


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_serious_fault(chromium, site, name):
    context = chromium.new_context(color_scheme="light", bypass_csp=True)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/{name}")
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run().then((result) => result.violations)")
    page.emulate_media(color_scheme="dark")
    contrast = "axe.run({runOnly: ['color-contrast']}).then((result) => result.violations)"
    found += page.evaluate(contrast)
    context.close()
    told = [
        f"{fault['id']}: {fault['help']}: {[node['html'][:160] for node in fault['nodes'][:3]]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert told == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone(chromium, site, name):
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{site.as_uri()}/{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_first_paint_and_weight(visit, site):
    page = visit.open(site, "index.html")
    # a busy browser tells of the paint some frames after the page has loaded
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    page.wait_for_function(f"{paint} !== undefined")
    assert page.evaluate(paint) < 1000
    files = [Path(url.removeprefix("file://")) for url in visit.requests if url.startswith("file:")]
    assert sum(path.stat().st_size for path in files) < 2_000_000


def test_filters_choose_and_count(visit, site, state):
    firms = state.tables.firms
    page = visit.open(site, "index.html")
    assert len(rows(page)) == len(firms)
    page.select_option("[name=region]", "BE-WAL")
    page.select_option("[name=exit_kind]", "acquisition")
    chosen = firms[(firms["region"] == "BE-WAL") & (firms["exit_kind"] == "acquisition")]
    assert sorted(rows(page)) == sorted(chosen["name"])
    assert page.inner_text("#said") == f"{len(chosen)} of {len(firms)} firms"
    panel = state.tables.firm_year
    own = panel["firm_id"].isin(chosen["firm_id"]).sum()
    assert page.inner_text("[data-total=firm_years]").replace(",", "") == str(own)
    option = page.inner_text("[name=region] option[value=BE-BRU]")
    brussels = ((firms["region"] == "BE-BRU") & (firms["exit_kind"] == "acquisition")).sum()
    assert option == f"Brussels ({brussels})"
    assert "region=BE-WAL" in page.url
    page.click("button[type=reset]")
    page.wait_for_function(f"document.querySelectorAll('#firms tbody tr').length === {len(firms)}")
    quiet(visit, site)


def test_a_link_with_a_choice_opens_with_it(visit, site, state):
    page = visit.open(site, "index.html#region=BE-BRU")
    assert len(rows(page)) == (state.tables.firms["region"] == "BE-BRU").sum()


def test_search_reads_through_accents_and_offers_the_nearest(visit, site):
    page = visit.open(site, "index.html")
    page.fill("[name=q]", "universite catholique")
    assert "A-Mansia Biotech" in rows(page)
    page.fill("[name=q]", "ablinx")
    assert rows(page) == []
    assert "Did you mean" in page.inner_text("#nearest")
    page.click("#nearest a >> text=Ablynx")
    assert page.inner_text("h1") == "Ablynx"


def test_headings_sort_by_keyboard_both_ways(visit, site, state):
    page = visit.open(site, "index.html")
    page.focus("#firms thead th:nth-child(5) button")
    years = state.tables.firms["founded_year"].dropna().astype(int).tolist()
    for down in (False, True):
        page.keyboard.press("Enter")
        shown = page.locator("#firms tbody td:nth-child(5)").all_inner_texts()
        numbers = [int(text) for text in shown if text]
        assert numbers == sorted(years, reverse=down)
        assert shown[len(numbers) :] == [""] * (len(shown) - len(numbers))
        wanted = "descending" if down else "ascending"
        assert page.get_attribute("#firms thead th:nth-child(5)", "aria-sort") == wanted


def test_the_chosen_rows_are_a_file(visit, site, state, tmp_path):
    page = visit.open(site, "index.html")
    page.select_option("[name=segment]", "vaccines")
    with page.expect_download() as download:
        page.click("#download")
    path = tmp_path / "firms.csv"
    download.value.save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        found = list(csv.DictReader(stream))
    firms = state.tables.firms
    wanted = firms[firms["segment"] == "vaccines"]
    assert [row["firm_id"] for row in found] == wanted["firm_id"].tolist()
    assert [row["note"] or None for row in found] == wanted["note"].tolist()


def test_a_firm_is_opened_and_its_time_line_followed(visit, site, state):
    page = visit.open(site, "index.html")
    page.click("#firms >> text=Ablynx")
    page.wait_for_selector("#timeline svg")
    alliances = state.tables.alliances
    partners = alliances.loc[alliances["firm_id"] == "ablynx", "partner"]
    drawn = page.inner_text("#timeline")
    assert all(partner.split(" ")[0] in drawn for partner in partners)
    assert "Acquired, 2018" in drawn
    box = page.locator("#timeline svg").last.bounding_box()
    bars = page.locator("#timeline svg g[data-mark=bar]").nth(1).locator("rect")
    panel = state.tables.firm_year
    observed = panel[(panel["firm_id"] == "ablynx") & panel["observed"]]
    assert bars.count() == len(observed)
    first = bars.first.bounding_box()
    page.mouse.move(first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
    page.wait_for_selector("#timeline g[aria-label=tip] text")
    assert f"{observed['year'].min()}: observed" in page.text_content("#timeline g[aria-label=tip]")
    assert box["height"] > 400
    quiet(visit, site)


def test_a_correction_is_filled_in(visit, site):
    page = visit.open(site, "firm/ablynx.html")
    page.click("li:has-text('Acquired') .correct >> nth=0")
    page.wait_for_selector("#text")
    text = page.input_value("#text")
    assert "Data release: 0.2.0" in text
    assert "Firm: ablynx" in text
    assert "Sanofi" in text
    assert "https://" in text
    page.fill("[name=right]", "Sold on 19 June 2018")
    assert "What is right: Sold on 19 June 2018" in page.input_value("#text")


def estimates(page) -> pd.DataFrame:
    """The numbers of the page, with all their digits."""
    read = """
      [...document.querySelectorAll('#numbers tbody tr')].map((row) =>
        [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent))
    """
    names = ["group", "curve", "time", "at_risk", "events", "estimate", "se", "lower", "upper"]
    table = pd.DataFrame(page.evaluate(read), columns=names)
    for name in names[2:]:
        table[name] = pd.to_numeric(table[name])
    return table


def compare(ours: pd.DataFrame, theirs: pd.DataFrame, estimate: str) -> int:
    """Check every number to 1e-12, and tell how many there were."""
    assert len(ours) == len(theirs)
    count = 0
    pairs = {"time": "time", "at_risk": "at_risk", "events": "events", "estimate": estimate}
    pairs |= {"se": "std_error", "lower": "lower", "upper": "upper"}
    for mine, other in pairs.items():
        for a, b in zip(ours[mine], theirs[other], strict=True):
            assert (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 1e-12, (mine, a, b)
            count += 1
    return count


def test_kaplan_meier_is_the_packages(visit, site, state):
    panel = state.tables.firm_year
    page = visit.open(site, "survival.html")
    theirs = bb.kaplan_meier(panel[panel["observed"]], "exit").table
    assert compare(estimates(page), theirs, "survival") > 10
    page.select_option("[name=by]", "region")
    page.select_option("[name=show]", "km:acquisition")
    ours = estimates(page)
    grouped = bb.kaplan_meier(panel[panel["observed"]], "acquisition", by="region").table
    labels = {"BE-VLG": "Flanders", "BE-WAL": "Wallonia", "BE-BRU": "Brussels"}
    for code, label in labels.items():
        there = grouped[grouped["group"] == code]
        assert compare(ours[ours["group"] == label], there, "survival") > 10
    quiet(visit, site)


def test_filters_and_all_years_reach_the_curves(visit, site, state):
    panel = state.tables.firm_year
    page = visit.open(site, "survival.html")
    page.select_option("[name=only-region]", label="Flanders")
    page.select_option("[name=years]", "")
    page.select_option("[name=by]", "allied")
    ours = estimates(page)
    chosen = panel[panel["region"] == "BE-VLG"]
    status = (chosen["alliances_active_lag1"] > 0).map({True: "Yes", False: "No"})
    theirs = bb.kaplan_meier(chosen.assign(allied=status), "exit", by="allied").table
    for label in ("Yes", "No"):
        there = theirs[theirs["group"] == label]
        assert compare(ours[ours["group"] == label], there, "survival") > 10


def test_the_numbers_are_a_file_and_the_choice_an_address(visit, site, state, tmp_path):
    page = visit.open(site, "survival.html#by=region&show=km%3Afailure&years=nonsense")
    assert page.input_value("[name=by]") == "region"
    assert page.input_value("[name=years]") == "observed"
    with page.expect_download() as download:
        page.click("#download")
    path = tmp_path / "curves.csv"
    download.value.save_as(path)
    found = pd.read_csv(path, encoding="utf-8-sig")
    panel = state.tables.firm_year
    theirs = bb.kaplan_meier(panel[panel["observed"]], "failure", by="region").table
    assert len(found) == len(theirs)
    assert sorted(found["estimate"]) == pytest.approx(sorted(theirs["survival"]), abs=1e-12)
    quiet(visit, site)


def test_cumulative_incidence_is_the_packages(visit, site, state):
    panel = state.tables.firm_year
    page = visit.open(site, "survival.html")
    page.select_option("[name=show]", "cif")
    ours = estimates(page)
    fates = ["failure", "acquisition"]
    theirs = bb.cumulative_incidence(panel[panel["observed"]], fates).table
    for name in fates:
        there = theirs[theirs["outcome"] == name]
        assert compare(ours[ours["curve"] == name.title()], there, "incidence") > 10


def test_a_curve_that_falls_to_zero_early_is_told(visit, site):
    page = visit.open(site, "survival.html")
    page.select_option("[name=by]", "origin")
    assert "falls to 0 at age" in page.inner_text("#notes")


def test_nobody_left_is_told(visit, site):
    page = visit.open(site, "survival.html")
    page.select_option("[name=only-region]", label="Brussels")
    page.select_option("[name=only-cohort]", label="1980s")
    assert "No firm-years are left" in page.inner_text("#notes")
    quiet(visit, site)


def test_the_year_of_the_network_is_chosen_by_keyboard(visit, site, state):
    page = visit.open(site, "partners.html")
    page.wait_for_selector("#network svg")
    page.focus("#year")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    year = int(page.input_value("#year"))
    panel = state.tables.firm_year
    assert year == 2020
    said = page.inner_text("#said")
    alliances = state.tables.alliances
    window = state.tables.parameters["alliance_window"]
    until = alliances["end_year"].fillna(alliances["start_year"] + window)
    until = until.where(until > alliances["start_year"], alliances["start_year"] + 1)
    active = ((alliances["start_year"] <= year) & (year < until)).sum()
    assert said.startswith(f"2020: {active} alliances in force")
    assert panel["year"].max() >= year
    page.fill("[name=around]", "ablinx")
    assert "Did you mean" in page.inner_text("#nearest")
    page.fill("[name=around]", "Galapagos")
    names = page.locator("#alliances tbody tr").all_inner_texts()
    assert names
    assert all("Galapagos" in name for name in names)
    quiet(visit, site)


def test_hostile_names_are_shown_as_text(visit, hostile, hostile_names):
    page = visit.open(hostile, "index.html")
    shown = page.evaluate(
        "[...document.querySelectorAll('#firms tbody th')].map((cell) => cell.textContent)"
    )
    assert set(hostile_names.values()) <= set(shown)
    for firm, name in hostile_names.items():
        page = visit.open(hostile, f"firm/{firm}.html")
        assert page.evaluate("document.querySelector('h1').textContent") == name
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page = visit.open(hostile, "partners.html")
    page.wait_for_selector("#network svg")
    box = page.locator("#network svg").last.bounding_box()
    for step in range(0, 100, 5):  # tips are text as well
        page.mouse.move(box["x"] + box["width"] * step / 100, box["y"] + box["height"] * step / 100)
    assert page.evaluate("document.querySelectorAll('#network script, #network img').length") == 0
    page.fill("[name=around]", "<script>")
    page = visit.open(hostile, "releases.html")
    quiet(visit, hostile)


def test_tables_are_there_without_scripts(chromium, site, state):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    for name, selector, count in (
        ("index.html", "#firms tbody tr", len(state.tables.firms)),
        ("partners.html", "#alliances tbody tr", len(state.tables.alliances)),
        ("firm/ablynx.html", ".years tbody tr", 18),
    ):
        page.goto(f"{site.as_uri()}/{name}")
        assert page.locator(selector).count() == count
        assert page.locator(selector).first.is_visible()
        assert page.locator("form:visible").count() == 0
    page.goto(f"{site.as_uri()}/survival.html")
    assert page.locator("#numbers tbody tr").count() > 20
    context.close()


def test_light_and_dark_can_be_chosen_and_are_kept(visit, site):
    page = visit.open(site, "index.html")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.click("#theme")
    dark = page.evaluate(paper)
    assert light != dark
    page.reload()
    assert page.evaluate(paper) == dark
    quiet(visit, site)


def test_ten_times_the_firms_filter_within_a_tenth_of_a_second(
    chromium, site, state, words, tmp_path
):
    import shutil
    from dataclasses import replace

    many = {
        name: pd.concat(
            [table.assign(firm_id=table["firm_id"] + f"-{k}") for k in range(10)],
            ignore_index=True,
        )
        for name, table in state.tables.items()
        if name != "sources"
    }
    large = replace(state, tables=replace(state.tables, **many))
    table = sample(large, words)
    shutil.copytree(site / "static", tmp_path / "static")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sample.js").write_text(data_script("sample", table.data), "utf-8")
    page_text = Pages(large, words, None).render("index.html", sample=table)
    (tmp_path / "index.html").write_text(page_text, "utf-8")
    page = chromium.new_page()
    page.goto(f"{tmp_path.as_uri()}/index.html")
    # Processor time of the page's thread: what other programs of the machine do does not count.
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        told = session.send("Performance.getMetrics")["metrics"]
        return {entry["name"]: entry["value"] for entry in told}["TaskDuration"]

    choose = """
      (value) => {
        const select = document.querySelector('[name=region]');
        select.value = value;
        select.dispatchEvent(new Event('input', { bubbles: true }));
        document.body.getBoundingClientRect();  // forces the layout
      }
    """
    taken = []
    for value in ["BE-WAL", "", "BE-BRU", "BE-VLG"] * 2:
        before = spent()
        page.evaluate(choose, value)
        taken.append(spent() - before)
    page.close()
    assert min(taken) > 0
    assert sorted(taken)[len(taken) // 2] < 0.1, taken
