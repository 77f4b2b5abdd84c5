"""The sample: firms, alliances, where the facts come from, and the seed paper's cases."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
from common import (
    PARTNERS,
    SEGMENT_GROUPS,
    VERSION,
    Sample,
    followed,
    labels,
    on_page,
    run,
    size,
    today,
)

import belbiotech as bb
from belbiotech.plots import bars
from belbiotech.plots.timelines import timeline, year_columns
from belbiotech.report.blocks import Block, FigureBlock, Text
from belbiotech.report.formats import percent
from belbiotech.report.tables import table

CASES_UNTIL = 2015  # the year of the seed paper
WORDS = labels()
NUMBERS = [
    "alliances_active_lag1",
    "alliances_cum_lag1",
    "breadth",
    "financing_rounds_cum_lag1",
    "listed_lag1",
]
SHARES = ["status", "region_group", "segment_group", "origin_group"]
FATE_TITLES = {
    "failed": "Failed",
    "acquired": "Acquired",
    "moved abroad": "Moved abroad",
    "no exit known": "No exit known",
    "All": "All",
}
FATES = {"failure": "failed", "acquisition": "acquired", "relocation": "moved abroad"}


def counts(rows: pd.DataFrame) -> dict[str, int]:
    """Count firms, firm-years and events of some rows."""
    return {
        "firms": rows["firm_id"].nunique(),
        "firm_years": len(rows),
        "failures": int(rows["failure"].sum()),
        "acquisitions": int(rows["acquisition"].sum()),
        "first_listings": int(rows["ipo"].sum()),
    }


def samples(sample: Sample) -> pd.DataFrame:
    """Count the whole panel, and the part that the models use."""
    parts = {"Whole panel": sample.panel, "Under observation": sample.observed}
    return pd.DataFrame([{"level": name, **counts(rows)} for name, rows in parts.items()])


def traits(panel: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Count by region, segment, origin and founding cohort."""
    founded = firms.set_index("firm_id")["founded_year"].loc[panel["firm_id"]].to_numpy(dtype=int)
    decade = founded // 10 * 10
    cohort = pd.Series(decade, panel.index).map(lambda year: f"{year} to {year + 9}")
    lines = []
    for name in ("region", "segment", "origin", "cohort"):
        values = cohort if name == "cohort" else WORDS.values(name, panel[name])
        for level, rows in panel.groupby(values):
            lines.append({"characteristic": WORDS.column(name), "level": level, **counts(rows)})
    return pd.DataFrame(lines)


def by_fate(rows: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Say of each row what became of its firm."""
    fate = rows["firm_id"].map(firms.set_index("firm_id")["exit_kind"]).map(FATES)
    return rows.assign(fate=fate.fillna("no exit known"))


def described(rows: pd.DataFrame) -> pd.DataFrame:
    """Give means, standard deviations and shares of the covariates by fate."""
    found = bb.describe_panel(
        rows, [*NUMBERS, *SHARES], by="fate", labels={**WORDS.titles, "fate": "Fate"}
    ).numbers
    lines = []
    for (column, level), part in found.groupby(["column", "level"], dropna=False, sort=False):
        if str(column).startswith("(events"):
            continue
        of = part.set_index("group")
        title = {"(units)": "Firms", "(rows)": "Firm-years"}.get(column)
        if column == "(person-years)":
            continue
        line: dict[str, object] = {
            "characteristic": title or WORDS.column(column),
            "level": "" if pd.isna(level) else WORDS.codes[column].get(level, level),
        }
        for group in [*FATES.values(), "no exit known", "All"]:
            if group in of.index:
                line[group] = _cell(of.loc[group], counted=title is not None)
            elif group in set(rows["fate"]):
                line[group] = percent(0.0)
        lines.append(line)
    return pd.DataFrame(lines)


def _cell(line: pd.Series, *, counted: bool) -> str:
    """Write a count, a mean with its standard deviation, or a share."""
    if counted:
        return f"{line['n']:,.0f}"
    if not pd.isna(line["share"]):
        return percent(line["share"])
    return f"{line['mean']:.2f} ({line['sd']:.2f})"


def correlated(rows: pd.DataFrame) -> pd.DataFrame:
    """Correlate the covariates pair by pair, over all rows and by fate."""
    parts = {**dict(iter(rows.groupby("fate"))), "All": rows}
    order = [name for name in [*FATES.values(), "no exit known", "All"] if name in parts]
    lines = []
    for one, other in combinations(NUMBERS, 2):
        line: dict[str, object] = {
            "characteristic": WORDS.column(one),
            "level": WORDS.column(other),
        }
        for name in order:
            x, y = (parts[name][column].astype(float) for column in (one, other))
            line[name] = x.corr(y) if x.std() > 0 and y.std() > 0 else float("nan")
        lines.append(line)
    return pd.DataFrame(lines)


def fates(firms: pd.DataFrame) -> pd.DataFrame:
    """Count how the lives in the panel end."""
    inside = firms[firms["in_panel"]]
    ended = inside["exit_event"].map(WORDS.codes["event"]).fillna("None known by the last sighting")
    found = ended.value_counts().rename_axis("level").reset_index(name="firms")
    return found.sort_values(["firms", "level"], ascending=[False, True], ignore_index=True)


def coverage(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Count facts by table, by the kind of page behind them, and by how their date is known."""
    lines = []
    for name in ("firms", "events", "alliances", "financings"):
        facts = tables[name]
        line: dict[str, object] = {"table": name.capitalize(), "number": len(facts)}
        shares = facts["confidence"].value_counts(normalize=True)
        line |= {f"share_{code}": shares.get(code, 0.0) for code in "ABC"}
        line["share_stated"] = (facts["date_quality"] == "stated").mean()
        lines.append(line)
    return pd.DataFrame(lines)


def never_observed(firms: pd.DataFrame) -> pd.DataFrame:
    """Count the firms of the panel without a row under observation, by the reason."""
    reasons = firms["never_observed"].map(WORDS.codes["never_observed"]).dropna()
    found = reasons.value_counts().rename_axis("level").reset_index(name="firms")
    return found.sort_values(["firms", "level"], ascending=[False, True], ignore_index=True)


def alliance_pages(alliances: pd.DataFrame) -> pd.DataFrame:
    """Count alliances, pages and known ends by year of signing."""
    grouped = alliances.assign(level=alliances["start_year"].astype(str))
    return grouped.groupby("level", as_index=False).agg(
        number=("firm_id", "size"),
        firms=("firm_id", "nunique"),
        pages=("source_id", "nunique"),
        ended=("end", "count"),
    )


def languages(sources: pd.DataFrame) -> pd.DataFrame:
    """Count the pages by language, with the years they were published in."""
    grouped = sources.groupby("language")["published_year"]
    found = grouped.agg(number="size", dated="count", first="min", last="max").reset_index()
    found = found.sort_values(["number", "language"], ascending=[False, True], ignore_index=True)
    years = found[["first", "last"]].astype("Int64").astype(str).replace("<NA>", "")
    return found.assign(first=years["first"], last=years["last"])


def alliance_types(alliances: pd.DataFrame) -> pd.DataFrame:
    """Cross type of alliance and kind of partner."""
    crossed = pd.crosstab(alliances["alliance_type"], alliances["partner_group"])
    crossed = crossed.reindex(columns=PARTNERS).assign(number=lambda rows: rows.sum(axis=1))
    return crossed.sort_values("number", ascending=False, kind="stable").reset_index()


def partner_types(alliances: pd.DataFrame) -> pd.DataFrame:
    """Count partners by type, within their kind."""
    grouped = alliances.groupby(["partner_group", "partner_type"], as_index=False)
    found = grouped.agg(number=("firm_id", "size"), firms=("firm_id", "nunique"))
    order = found["partner_group"].map({name: k for k, name in enumerate(PARTNERS)})
    return (
        found.assign(order=order)
        .sort_values(["order", "number"], ascending=[True, False], ignore_index=True)
        .drop(columns="order")
    )


def cases(firms: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Find the firms listed on an exchange by the seed paper's year, with listing and fate."""
    listed = events[events["event"] == "ipo"].groupby("firm_id")["date_year"].min().rename("listed")
    found = firms.merge(listed[listed <= CASES_UNTIL], on="firm_id")
    found = found[found["in_panel"]].sort_values(["founded_year", "name"], ignore_index=True)
    end = found["exit_year"].fillna(found["last_seen_year"]).astype(int)
    words = found["exit_kind"].map(FATES).fillna("last seen")
    return pd.DataFrame(
        {
            "name": found["firm_id"].map(today(found)),
            "firm_id": found["firm_id"],
            "start": found["founded_year"].astype(int),
            "listed": found["listed"].astype(int),
            "end": end,
            "fate": words + " " + end.astype(str),
        }
    )


def blocks(sample: Sample) -> list[Block]:
    """Describe the sample."""
    names = ("firms", "events", "alliances", "financings", "sources")
    tables = {name: bb.load_table(name, VERSION) for name in names}
    firms, alliances = tables["firms"], tables["alliances"]
    case_lines = cases(firms, tables["events"])
    signed = alliances.groupby(["start_year", "partner_group"], as_index=False).size()
    signed = signed.assign(order=signed["partner_group"].map(PARTNERS.index)).sort_values("order")
    signed["kind"] = WORDS.values("partner_group", signed["partner_group"])
    marks = case_lines[["name", "firm_id"]].merge(alliances, on="firm_id")
    marks = marks.assign(order=marks["partner_group"].map(PARTNERS.index)).sort_values("order")
    marks = pd.DataFrame(
        {
            "name": marks["name"],
            "year": marks["start_year"].astype(int),
            "kind": WORDS.values("partner_group", marks["partner_group"]),
        }
    )
    inside = int(firms["in_panel"].sum())
    segments = firm_segments(sample.panel)
    return [
        Text(
            f"Data version {VERSION} knows {len(firms):,d} firms. {inside:,d} of them have a "
            f"founding year and are in the panel; {len(firms) - inside:,d} have none and are left "
            "out rather than guessed. A row is a firm in a calendar year, at risk over the "
            "interval of age (start, stop]. The models use the years under observation: those for "
            f"which {followed(sample.panel)}. Whether a year counts is known before it begins, so "
            "that no firm enters through its own end, none leaves because it fell silent, and the "
            "rule is the same for firms with and without an exit. What remains is delayed entry, "
            "and gaps."
        ),
        table("sample", "The sample", samples(sample), WORDS, titles={"level": "Rows"}),
        table(
            "sample_by_fate",
            "Covariates of the firm-years under observation, by what became of the firm",
            described(by_fate(sample.observed, firms)),
            WORDS,
            titles={"level": "Value", **FATE_TITLES},
            note="Numbers: mean (standard deviation) over firm-years; groups: share of firm-years. "
            f"{size(sample.observed)}.",
        ),
        table(
            "sample_correlations",
            "Correlations of the covariates, by what became of the firm",
            correlated(by_fate(sample.observed, firms)),
            WORDS,
            titles={"characteristic": "Between", "level": "and", **FATE_TITLES},
            note="Pearson's, over firm-years. A dash: one of the two does not vary. "
            f"{size(sample.observed)}.",
        ),
        table(
            "sample_traits",
            "Firms of the panel by region, segment, origin and founding cohort",
            traits(sample.panel, firms),
            WORDS,
            note=f"Whole panel. {size(sample.panel)}.",
        ),
        FigureBlock(
            "sample_segments",
            "Firms of the panel by segment and region",
            bars(segments, category="segment", value="firms", group="region"),
            note=f"Whole panel. {size(sample.panel)}.",
        ),
        table(
            "sample_fates",
            "How the firms' lives in the panel end",
            fates(firms),
            WORDS,
            titles={"level": "End"},
            note=f"N = {inside:,d} firms. A firm without a known end is followed as long as one "
            "with an end would be.",
        ),
        table(
            "sample_never_observed",
            "Firms of the panel that are never under observation",
            never_observed(firms),
            WORDS,
            titles={"level": "Why"},
            note=f"N = {inside:,d} firms.",
        ),
        table(
            "sample_coverage",
            "Facts by the kind of page behind them",
            coverage(tables),
            WORDS,
            titles={
                "table": "Facts on",
                "number": "Facts",
                **{f"share_{code}": text for code, text in WORDS.codes["confidence"].items()},
                "share_stated": "Date stated by the page",
            },
            note="A date that no page states follows from the page's context.",
        ),
        table(
            "sample_pages",
            "Pages behind the facts, by language",
            languages(tables["sources"]),
            WORDS,
            titles={
                "language": "Language",
                "number": "Pages",
                "dated": "With a date",
                "first": "First year",
                "last": "Last year",
            },
        ),
        table(
            "alliance_types",
            "Alliances by type and kind of partner",
            alliance_types(alliances),
            WORDS,
            titles={
                **{kind: WORDS.codes["partner_group"][kind] for kind in PARTNERS},
                "number": "All",
            },
            note=f"N = {len(alliances):,d} alliances of {alliances['firm_id'].nunique():,d} firms. "
            f"A page states the end of {int(alliances['end'].notna().sum()):,d} of them "
            f"({percent(alliances['end'].notna().mean())}); the others count as long as the window "
            "lasts.",
        ),
        table(
            "alliance_pages",
            "Alliances by year of signing, and the pages that they rest on",
            alliance_pages(alliances),
            WORDS,
            titles={
                "level": "Signed",
                "number": "Alliances",
                "pages": "Pages",
                "ended": "With a known end",
            },
        ),
        table(
            "alliance_partners",
            "Partners by type",
            partner_types(alliances),
            WORDS,
            titles={"number": "Alliances"},
        ),
        FigureBlock(
            "alliances_by_year",
            "Alliances signed, by year and kind of partner",
            on_page(
                year_columns(
                    signed,
                    value="size",
                    group="kind",
                    year="start_year",
                    y_label="Alliances signed",
                ),
                height=3.2,
            ),
            note=f"N = {len(alliances):,d} alliances.",
        ),
        FigureBlock(
            "cases",
            f"Firms listed on an exchange by {CASES_UNTIL}: alliances, listing and fate",
            on_page(timeline(case_lines, marks)),
            note=f"{len(case_lines)} firms, {len(marks)} alliances. Lines run from founding to the "
            "end, or to the last year with a sighting.",
        ),
        table(
            "cases",
            f"Firms listed on an exchange by {CASES_UNTIL}",
            case_table(case_lines, marks),
            WORDS,
            titles={
                "start": "Founded",
                "listed": "Listed",
                "fate": "Fate",
                "name": "Firm",
                **{kind: WORDS.codes["partner_group"][kind] for kind in PARTNERS},
            },
            note="Alliances signed over the whole life, by kind of partner.",
        ),
    ]


def firm_segments(panel: pd.DataFrame) -> pd.DataFrame:
    """Count firms by segment and region, the segments of a group together."""
    firms = panel.drop_duplicates("firm_id")
    found = firms.groupby(["segment", "region"], as_index=False).size()
    rank = {name: k for k, name in enumerate(SEGMENT_GROUPS)}
    found = found.assign(order=found["segment"].map(rank)).sort_values(["order", "region"])
    return pd.DataFrame(
        {
            "segment": WORDS.values("segment", found["segment"]),
            "region": WORDS.values("region", found["region"]),
            "firms": found["size"],
        }
    )


def case_table(lines: pd.DataFrame, marks: pd.DataFrame) -> pd.DataFrame:
    """Write the cases with their numbers of alliances."""
    kinds = [WORDS.codes["partner_group"][kind] for kind in PARTNERS]
    crossed = pd.crosstab(marks["name"], marks["kind"]).reindex(columns=kinds, fill_value=0)
    numbers = crossed.reindex(lines["name"], fill_value=0).set_axis(PARTNERS, axis=1)
    wide = lines[["name", "start", "listed", "fate"]].astype({"start": str, "listed": str})
    return pd.concat([wide, numbers.reset_index(drop=True)], axis=1)


if __name__ == "__main__":
    run("01_sample", "The sample", blocks)
