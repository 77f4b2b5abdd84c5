"""The columns of the firm-year panel: what each means, and the rule that makes it."""

from __future__ import annotations

from collections.abc import Iterator

from belbiotech.dataset.facts.fields import FACTS, Field

__all__ = ["ALLIANCE_GROUPS", "FIRM_YEAR"]

# Suffix of a group's columns -> the column of alliances that tells it, and its words.
ALLIANCE_GROUPS = {
    "upstream": ("partner_group", "with universities, institutes, hospitals and public bodies"),
    "horizontal": ("partner_group", "with biotechnology, diagnostics and contract firms"),
    "downstream": ("partner_group", "with pharmaceutical, agrochemical and other companies"),
    "exploration": ("purpose", "to explore (research, joint development, options, consortia)"),
    "exploitation": ("purpose", "to exploit (licences, supply, distribution, services, ventures)"),
}

IN_FORCE = (
    "Signed in or before the year before; and with a known end later than that year, or, without "
    "a known end, signed less than `alliance_window` years before its end (5 unless built "
    "otherwise). A known end rules over the window."
)


def _alliances(prefix: str, of: str, group: str) -> Iterator[tuple[str, Field]]:
    where = f" Only alliances {of}." if of else ""
    short = f", {group}" if group else ""
    yield (
        f"{prefix}_new",
        Field(
            "count",
            f"New alliances{short}",
            f"Alliances{' ' + of if of else ''} signed in the year; for description, not a "
            "covariate.",
            unit="alliances",
            rule=f"Number of alliances with `start_year` in the year.{where}",
        ),
    )
    yield (
        f"{prefix}_cum_lag1",
        Field(
            "count",
            f"Alliances so far{short}, year before",
            f"Alliances{' ' + of if of else ''} signed up to the end of the year before.",
            unit="alliances",
            rule=f"Number of alliances with `start_year` before the year.{where}",
        ),
    )
    yield (
        f"{prefix}_active_lag1",
        Field(
            "count",
            f"Active alliances{short}, year before",
            f"Alliances{' ' + of if of else ''} in force at the end of the year before.",
            unit="alliances",
            rule=f"{IN_FORCE}{where}",
        ),
    )


def _outcome(title: str, description: str, rule: str) -> Field:
    return Field("flag", title, description, values={"0": "No", "1": "Yes"}, rule=rule)


def _trait(name: str) -> Field:
    source = FACTS["firms"][name]
    return Field(
        source.kind, source.title, source.description, values=source.values, rule="Fixed trait."
    )


FIRM_YEAR: dict[str, Field] = {
    "firm_id": Field("id", "Firm id", "The firm.", rule="As in `firms`."),
    "name": Field("text", "Name", "Name of the firm.", rule="As in `firms`."),
    "year": Field("year", "Year", "Calendar year of the row.", unit="year", rule="One row a year."),
    "age": Field(
        "count",
        "Age",
        "Age of the firm in the year; 0 in its founding year.",
        unit="years",
        rule="`year` minus the founding year.",
    ),
    "start": Field(
        "count",
        "Start of the interval",
        "Age at which the row begins; the firm is at risk after it.",
        unit="years",
        rule="`age`.",
    ),
    "stop": Field(
        "count",
        "End of the interval",
        "Age at which the row ends; an outcome happens at it.",
        unit="years",
        rule="`age` + 1: the row is the interval (start, stop].",
    ),
    "region": _trait("region"),
    "segment": _trait("segment"),
    "origin": _trait("origin"),
    "observed": Field(
        "bool",
        "Under observation",
        "Whether the firm was under observation when the year began: by a rule that knows nothing "
        "of the year itself, and is the same for firms with and without an exit. A firm may go "
        "out of observation and come back.",
        rule="True if a dated page about the firm was published in one of the `follow_up` years "
        "before the year (3 unless built otherwise); pages that state an exit of the firm, and "
        "the year's own pages, do not count. Built with `evidence` = facts, the years of the "
        "firm's events (exits aside), alliances' starts and financings count like those of pages. "
        "In versions 0.x: all years from that of the first dated page on, see "
        "`observed_first_page`.",
    ),
    "observed_first_page": Field(
        "bool",
        "Documented, by the rule of versions 0.x",
        "What `observed` was in versions 0.x: whether a dated page on the firm existed by the end "
        "of the year. Not for estimates: a firm that got its first page because it was sold "
        "enters in the year of its sale, and a silent firm leaves where a dead one does not.",
        rule="From the year `first_documented` to the exit year or, without an exit, to "
        "`last_seen_year`; false if no page is dated.",
        since="1.0.0",
    ),
    **dict(_alliances("alliances", "", "")),
    **{
        name: column
        for group, (_, words) in ALLIANCE_GROUPS.items()
        for name, column in _alliances(f"alliances_{group}", words, group)
    },
    "financing_rounds_new": Field(
        "count",
        "New financing rounds",
        "Financing rounds of the year; for description, not a covariate.",
        unit="rounds",
        rule="Number of financings dated in the year.",
    ),
    "financing_rounds_cum_lag1": Field(
        "count",
        "Financing rounds so far, year before",
        "Financing rounds up to the end of the year before.",
        unit="rounds",
        rule="Number of financings dated before the year.",
    ),
    "listed_lag1": Field(
        "flag",
        "Listed, year before",
        "Whether the firm was listed on an exchange at the end of the year before.",
        values={"0": "Not listed", "1": "Listed"},
        rule="By exchange: from a listing (`ipo`) until the delisting from that exchange; 1 as "
        "long as one listing is open. A delisting that names an exchange on which no open listing "
        "is named ends the oldest open one without a name; a delisting without a name ends all. "
        "Events are ordered by their dates as texts, a listing before a delisting.",
    ),
    "failure": _outcome(
        "Failure",
        "Whether the firm failed at the end of the interval.",
        "1 in the exit year if the exit is bankrupt, liquidated or dissolved.",
    ),
    "acquisition": _outcome(
        "Acquisition",
        "Whether the firm was acquired or merged at the end of the interval.",
        "1 in the exit year if the exit is acquired or merged.",
    ),
    "exit": _outcome(
        "Exit", "Whether the firm failed or was acquired.", "`failure` or `acquisition`."
    ),
    "ipo": _outcome(
        "First listing",
        "Whether the firm was first listed in the year; this does not end its rows.",
        "1 in the year of the firm's first `ipo`, if that is one of its rows.",
    ),
}
