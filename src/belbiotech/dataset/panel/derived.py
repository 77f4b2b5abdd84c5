"""The columns that are derived from the facts and stand beside them in a release."""

from __future__ import annotations

from belbiotech.dataset.facts import codes
from belbiotech.dataset.facts.fields import Field

__all__ = ["DERIVED"]

NO_PANEL = {
    "no_founding_year": "No page states when the firm was founded",
    "founded_after_end_year": "Founded after the panel's last year",
}
NEVER = {
    "no_dated_page": "No page about it is dated",
    "only_its_exit": "Every dated page about it states its exit",
    "out_of_reach": "No year of its life begins while it is followed after a dated page",
}
BUYERS = {"creditors": "Its creditors", "fund": "A fund"}


def _year(name: str, title: str, *, required: bool) -> Field:
    return Field("year", title, f"Year of `{name}`.", required, "year", rule=f"From `{name}`.")


def _precision(name: str, title: str, *, required: bool) -> Field:
    rule = f"Year, month or day, from the length of `{name}`."
    text = f"How precise `{name}` is."
    return Field("code", title, text, required, values=codes.PRECISIONS, rule=rule)


def _dated(name: str, title: str, *, required: bool = True) -> dict[str, Field]:
    label = title[0].lower() + title[1:]
    return {
        f"{name}_precision": _precision(name, f"Precision of {label}", required=required),
        f"{name}_year": _year(name, f"{title}, year", required=required),
    }


# What the processed tables hold beside the facts themselves.
DERIVED: dict[str, dict[str, Field]] = {
    "firms": {
        **_dated("founded", "Founded", required=False),
        "in_panel": Field("bool", "In the panel", "Whether the firm has rows in `firm_year`."),
        "out_reason": Field(
            "code",
            "Why not in the panel",
            "Why the firm has no rows in `firm_year`.",
            required=False,
            values=NO_PANEL,
            rule="Set where `in_panel` is false.",
        ),
        "first_documented": Field(
            "year",
            "First documented",
            "Year of the first dated page behind the firm.",
            required=False,
            unit="year",
            rule="Earliest `published` among the pages behind any of the firm's facts (its own "
            "row, events, alliances, financings); missing if none of them is dated.",
        ),
        "last_sign_year": Field(
            "year",
            "Last sign of life, year",
            "Year of the last dated page about the firm, those on its exit left out.",
            required=False,
            unit="year",
            rule="Latest `published` among the pages behind any of the firm's facts, without those "
            "that state an exit of it; built with `evidence` = facts also the latest year of its "
            "events (exits aside), alliances' starts and financings that such a page states.",
            since="1.0.0",
        ),
        "exit_event": Field(
            "code",
            "Exit",
            "The event that ended the firm's life in the panel.",
            required=False,
            values={name: codes.EVENTS[name] for name in codes.EXITS},
            rule="First of bankrupt, liquidated, dissolved, acquired, merged and relocated up to "
            "the panel's end year. Dates are compared as far as both are known; where that does "
            "not decide, the order is bankrupt, acquired, merged, liquidated, dissolved, "
            "relocated.",
        ),
        "exit_kind": Field(
            "code",
            "Kind of exit",
            "How the firm left the panel; missing if it did not.",
            required=False,
            values=codes.FATES,
            rule="From `exit_event`; closure only if built with `liquidation` = closure. Built "
            "with `creditors` = failure, a sale to creditors is a failure; with `funds` = no_exit, "
            "one to a fund is no exit.",
        ),
        "exit_year": Field(
            "year", "Exit, year", "Year of the exit.", False, "year", rule="From `exit_event`."
        ),
        "exit_doubtful": Field(
            "bool",
            "Exit doubtful",
            "Whether two exits of different kinds have dates that do not tell which came first.",
            rule="True if the order of events, and not their dates, decided on `exit_kind`.",
        ),
        "last_seen_year": Field(
            "year",
            "Last seen, year",
            "Last year in which a fact shows the firm operating.",
            required=False,
            unit="year",
            rule="The exit year, if it left; else the latest year of its founding, of any of its "
            "events, of an alliance's start or of a financing, even after the panel's end year. "
            "Ends of alliances and dates of publication show nothing.",
        ),
        "rows": Field(
            "count",
            "Firm-years",
            "Number of the firm's rows in `firm_year`.",
            unit="rows",
            rule="From the founding year to the exit year; without an exit, to `last_seen_year` "
            "or, if later, `follow_up` years after `last_sign_year`; never past the end year. "
            "Built with `observation` = first_page, to `last_seen_year`.",
        ),
        "observed_rows": Field(
            "count",
            "Firm-years under observation",
            "Number of the firm's rows in `firm_year` that are observed.",
            unit="rows",
            rule="Rows of `firm_year` with `observed` true.",
            since="1.0.0",
        ),
        "never_observed": Field(
            "code",
            "Why never observed",
            "Why none of the firm's rows is observed.",
            required=False,
            values=NEVER,
            rule="Set for firms in the panel whose `observed_rows` is 0.",
            since="1.0.0",
        ),
    },
    "events": {
        **_dated("date", "Date"),
        "buyer": Field(
            "code",
            "Kind of buyer",
            "Who took the firm over, where its note tells that it was no industrial firm.",
            required=False,
            values=BUYERS,
            rule="Of acquired and merged, from the words of `note`: creditors if it says "
            "creditor-owned, fund if it says fund or investment firm; else missing, which means "
            "an industrial buyer or one that nothing is said of.",
            since="1.0.0",
        ),
    },
    "alliances": {
        **_dated("start", "Start"),
        **_dated("end", "End", required=False),
        "partner_group": Field(
            "code",
            "Position of the partner",
            "Where the partner stands in the chain from research to market.",
            values={
                "upstream": "Upstream (research)",
                "horizontal": "Horizontal (other biotechnology)",
                "downstream": "Downstream (market)",
            },
            rule="; ".join(
                f"{group}: {', '.join(kinds)}" for group, kinds in codes.PARTNER_GROUPS.items()
            ),
        ),
        "purpose": Field(
            "code",
            "Purpose",
            "Whether the alliance explores (finds new things) or exploits (uses what is there).",
            required=False,
            values={"exploration": "Exploration", "exploitation": "Exploitation"},
            rule="; ".join(
                f"{group}: {', '.join(kinds)}" for group, kinds in codes.PURPOSES.items()
            )
            + "; missing if unspecified",
        ),
    },
    "financings": _dated("date", "Date"),
    "sources": _dated("published", "Published", required=False),
}
