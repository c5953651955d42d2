"""Which delivery partner a command is about, or the lead provider itself; and which partners there are."""

from typing import Annotated

from sqlalchemy import Connection
from typer import BadParameter, Option

from engagement.filters import UnknownValueError
from engagement.suggestions import did_you_mean
from engagement.wiring import Wiring
from projections.partner_summary import partners as partner_rows
from registry import partners

LEAD_PROVIDER = "lead provider"
"""How tables call whom no delivery partner is named for."""

OfPartner = Annotated[str | None, Option("--partner", help="The delivery partner, by its id.", show_default=False)]
OfLeadProvider = Annotated[
    bool, Option("--lead-provider", help="Staff of the lead provider, who are told when nobody at a partner answers.")
]
OnlyOfPartner = Annotated[
    str | None, Option("--partner", help="Only those of this delivery partner.", show_default=False)
]
ToldOfProgrammes = Annotated[
    list[str] | None,
    Option("--programme", help="Only this programme; may be given several times. Default: all.", show_default=False),
]


def one_or_other(partner: str | None, *, lead_provider: bool) -> str | None:
    """The partner that was named, or None for the lead provider.

    Raises:
        BadParameter: Neither was named, or both were.
    """
    if (partner is not None) == lead_provider:
        raise BadParameter("say whose it is: either --partner ID or --lead-provider")
    return partner


def enrolled(wiring: Wiring) -> dict[str, int]:
    """How many enrolments are with each partner; none where nothing has been processed yet."""
    if not wiring.has_projections():
        return {}
    with wiring.store() as store, store.connect() as connection:
        return {row["partner"]: row["enrolled"] for row in partner_rows(connection)}


def require_known(wiring: Wiring, connection: Connection, partner: str | None) -> None:
    """Refuse a partner of whom there are neither enrolments nor words in the registry: it is likely misspelt.

    Raises:
        UnknownValueError: Names it, and what could be meant.
    """
    if partner is None:
        return
    known = {*(each.id for each in partners.every(connection)), *enrolled(wiring)}
    if partner not in known:
        advice = did_you_mean(partner, known) or f"; if it is new, run `engagement partners add {partner}` first"
        raise UnknownValueError(f"nobody is enrolled with partner {partner}{advice}")
