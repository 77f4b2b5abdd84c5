"""The columns of the facts: what each holds, in words and codes. Checks are made from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from belbiotech.dataset.facts import codes

__all__ = ["FACTS", "TABLES", "Field", "later_columns"]


@dataclass(frozen=True)
class Field:
    """One column.

    Attributes
    ----------
    kind : str
        What its values are: ``id``, ``text``, ``list`` (parts between semicolons), ``date``,
        ``amount``, ``code``, ``country``, ``currency``, ``region``, ``enterprise``, ``url``,
        ``language``; in the processed tables also ``year``, ``count``, ``flag`` (0 or 1) and
        ``bool``.
    title : str
        Its label for people, in tables and figures.
    description : str
        What it means, in a sentence.
    required : bool
        Whether every row has a value.
    unit : str
        Unit of measure, if it has one.
    values : mapping of str to str
        The allowed codes, each with its label.
    rule : str
        How it was made, if it was not stated by a page.
    since : str
        The first data version that has it.
    """

    kind: str
    title: str
    description: str
    required: bool = True
    unit: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    rule: str = "As in the facts."
    since: str = "0.1.0"


TABLES = {
    "firms": "Firms: one row a firm, with its founding, its fixed traits and its pages",
    "events": "Events: one row an event in a firm's life (listing, sale, failure, sighting, ...)",
    "alliances": "Alliances: one row an agreement of a firm with one partner",
    "financings": "Financings: one row a financing round",
    "sources": "Sources: one row a page that states a fact",
}

FIRM_ID = Field("id", "Firm", "The firm, by its id in the table of firms.")
SOURCE_ID = Field("id", "Page", "The page that states the fact, by its id in the table of sources.")
CONFIDENCE = Field(
    "code",
    "Confidence",
    "What kind of page states the fact; A is the best.",
    values=codes.CONFIDENCE,
)
QUALITY = Field(
    "code",
    "Quality of the date",
    "Whether the page states the date, or the year follows from context.",
    values=codes.DATE_QUALITY,
)
NOTE = Field(
    "text",
    "Note",
    "What else to know, in the compilers' words; also the value that another page gives.",
    required=False,
)
AMOUNT = Field(
    "amount",
    "Amount",
    "The amount stated, never converted.",
    required=False,
    unit="million of currency",
)
CURRENCY = Field("currency", "Currency", "Currency of the amount, ISO 4217.", required=False)

FACTS: dict[str, dict[str, Field]] = {
    "firms": {
        "firm_id": Field("id", "Firm id", "Short name of the firm that never changes."),
        "name": Field("text", "Name", "Name by which the firm is best known."),
        "other_names": Field(
            "list",
            "Other names",
            "Earlier, later and legal names, between semicolons.",
            required=False,
        ),
        "enterprise_number": Field(
            "enterprise",
            "Enterprise number",
            "Number in the Belgian register of enterprises (KBO/BCE), NNNN.NNN.NNN; its last two "
            "digits are check digits.",
            required=False,
        ),
        "founded": Field(
            "date",
            "Founded",
            "When the firm was founded, as precisely as the page says.",
            required=False,
        ),
        "region": Field(
            "region",
            "Region",
            "Region of the head office, ISO 3166-2, at founding or for most of the firm's life.",
            values=codes.REGIONS,
        ),
        "city": Field("text", "City", "Town of the head office.", required=False),
        "origin": Field("code", "Origin", "What the firm came from.", values=codes.ORIGINS),
        "parent": Field(
            "text",
            "Parent",
            "The university, institute or company that it was spun off from.",
            required=False,
        ),
        "segment": Field("code", "Segment", "Main field of activity.", values=codes.SEGMENTS),
        "frame": Field(
            "code",
            "Frame",
            "Whether the firm lies well within the frame (independent, Belgian, biotechnology) or "
            "on its edge; blank means not judged.",
            required=False,
            values=codes.FRAMES,
            since="1.0.0",
        ),
        "source_ids": Field(
            "list", "Pages", "The pages behind this row, by their ids, between semicolons."
        ),
        "confidence": CONFIDENCE,
        "date_quality": Field(
            "code",
            "Quality of the founding date",
            "Whether a page states the founding date, or it follows from context.",
            values=codes.DATE_QUALITY,
        ),
        "note": NOTE,
    },
    "events": {
        "firm_id": FIRM_ID,
        "event": Field("code", "Event", "What happened.", values=codes.EVENTS),
        "date": Field(
            "date",
            "Date",
            "When it happened: announcement, signing or closing, as the page says.",
        ),
        "counterparty": Field(
            "text",
            "Counterparty",
            "Buyer or merger partner; of a listing or delisting the exchange, where a page names "
            "it; for a new name, the name.",
            required=False,
        ),
        "counterparty_country": Field(
            "country",
            "Country of the counterparty",
            "Country of the counterparty, ISO 3166-1.",
            required=False,
        ),
        "amount_million": AMOUNT,
        "currency": CURRENCY,
        "source_id": SOURCE_ID,
        "confidence": CONFIDENCE,
        "date_quality": QUALITY,
        "note": NOTE,
    },
    "alliances": {
        "firm_id": FIRM_ID,
        "partner": Field("text", "Partner", "The other party, by its name at the time."),
        "partner_type": Field(
            "code", "Kind of partner", "What the partner is.", values=codes.PARTNER_TYPES
        ),
        "partner_country": Field(
            "country",
            "Country of the partner",
            "Country of the partner's head office, ISO 3166-1.",
            required=False,
        ),
        "start": Field(
            "date", "Start", "When the agreement was signed or announced, as the page says."
        ),
        "end": Field(
            "date", "End", "When it ended, if a page says so; blank means not stated.", False
        ),
        "alliance_type": Field("code", "Type", "What is agreed upon.", values=codes.ALLIANCE_TYPES),
        "firm_role": Field(
            "code", "Role of the firm", "Who provides to whom.", values=codes.FIRM_ROLES
        ),
        "upfront_million": Field(
            "amount",
            "Paid at signing",
            "Payment at signing, never converted.",
            required=False,
            unit="million of currency",
        ),
        "total_million": Field(
            "amount",
            "Possible total",
            "What the agreement may come to, milestones included, as the page says; never "
            "converted.",
            required=False,
            unit="million of currency",
        ),
        "currency": Field(
            "currency", "Currency", "Currency of both amounts, ISO 4217.", required=False
        ),
        "subject": Field(
            "text", "Subject", "What the agreement is about, in few words.", required=False
        ),
        "source_id": SOURCE_ID,
        "confidence": CONFIDENCE,
        "date_quality": QUALITY,
        "note": NOTE,
    },
    "financings": {
        "firm_id": FIRM_ID,
        "date": Field("date", "Date", "When the round was announced or closed."),
        "round": Field("code", "Round", "Kind of financing.", values=codes.ROUNDS),
        "amount_million": AMOUNT,
        "currency": CURRENCY,
        "lead_investor": Field(
            "text",
            "Lead investors",
            "Who led the round, between semicolons if several did.",
            required=False,
        ),
        "source_id": SOURCE_ID,
        "confidence": CONFIDENCE,
        "date_quality": QUALITY,
        "note": NOTE,
    },
    "sources": {
        "source_id": Field("id", "Page id", "Short name of the page that never changes."),
        "url": Field("url", "Address", "Address of the page."),
        "title": Field("text", "Title", "Title of the page."),
        "publisher": Field("text", "Publisher", "Who published it."),
        "published": Field(
            "date",
            "Published",
            "When it was published; blank means that the page does not say.",
            required=False,
        ),
        "language": Field("language", "Language", "Language of the page, ISO 639-1."),
    },
}


def later_columns(table: str) -> list[str]:
    """Name the columns that came after the first data version, and that facts may do without.

    Parameters
    ----------
    table : str
        Name of a table of facts.

    Returns
    -------
    list of str
        None for most tables.

    Examples
    --------
    >>> later_columns("firms")
    ['frame']
    """
    fields = FACTS[table].items()
    return [name for name, field in fields if not field.required and field.since != "0.1.0"]
