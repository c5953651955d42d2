"""Alerts and messages as a dispatcher leaves them in the book, for tests of what people see of them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import structs

from alerting import book
from alerting.model import Alert, AlertTold, Content, Notice, Step
from registry import contacts
from tests.dashboard_kit import DAY, NOW, Client, Site
from tests.html_kit import Page


def an_alert(enrolment: str = "e-11", *, partner: str = "partner-1", on: date = DAY, **other: Any) -> Alert:
    """An alert about a flag, of which somebody was told; `other` are fields that are to be otherwise."""
    about = {
        "matter": "flag",
        "participant": enrolment.replace("e-", "p-", 1),
        "provider": "lead-1",
        "programme": "small/course",
        "intake": "autumn",
        "level": "critical",
        "noted_at": NOW,
        "state": "told",
        "state_since": NOW,
        "told_at": NOW,
        "last_told_at": NOW,
    }
    return Alert(id=f"{enrolment}/{on}", enrolment=enrolment, partner=partner, raised_on=on, **{**about, **other})


def a_notice(notice_id: str, told: Sequence[Alert], *, step: Step = "first", **other: Any) -> Notice:
    """A message about these alerts; `other` are fields that are to be otherwise."""
    at: datetime = other.get("planned_at", NOW)
    partner = told[0].partner if told else "partner-1"
    about = {
        "kind": "digest",
        "channel": "email",
        "receiver": "contact-0000000001",
        "partner": partner,
        "state": "delivered",
        "planned_at": at,
        "next_at": at,
        "attempts": 1,
        "settled_at": at,
    }
    given = {**about, **other}
    content = Content(
        kind=given["kind"],
        partner=given["partner"],
        planned_at=at,
        alerts=tuple(_as_told(each, step) for each in told),
        held_back=given.pop("held_back", 0),
        link=f"/alerts/notices/{notice_id}",
    )
    return Notice(id=notice_id, content=content, **given)


def keep(site: Site, alerts: Sequence[Alert], notices: Sequence[Notice] = ()) -> None:
    """Write them into the site's book."""
    with site.book().writing() as connection:
        book.put_alerts(connection, alerts)
        book.put_notices(connection, notices)


def _as_told(alert: Alert, step: Step) -> AlertTold:
    shared = {name: getattr(alert, name) for name in AlertTold.__struct_fields__ if name not in ("alert", "step")}
    return AlertTold(alert=alert.id, step=step, **shared)


def changed(alert: Alert, **fields: Any) -> Alert:
    """The same alert later."""
    return structs.replace(alert, **fields)


THEIRS = an_alert("e-10", partner="partner-0")
OURS = an_alert("e-11")
RESOLVED = an_alert("e-9", state="resolved", resolved_on=DAY)


def tell(site: Site) -> Site:
    """Have each partner told of somebody."""
    keep(
        site,
        [THEIRS, OURS, RESOLVED],
        [
            a_notice("msg_theirs", [THEIRS], receiver="contact-0000000002"),
            a_notice("msg_ours", [OURS]),
            a_notice("msg_dead", [RESOLVED], state="dead", attempts=9, error="SMTP 451"),
        ],
    )
    return site


def page(client: Client, path: str) -> Page:
    """A page that is there."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return Page.of(answer)


def a_contact(site: Site, partner: str | None = "partner-1", **wishes: Any) -> str:
    """Somebody who is told at eight."""
    with site.registry.writing() as connection:
        made = contacts.create(
            connection,
            partner=partner,
            label="Desk",
            email=f"desk@{partner or 'lead'}.example.org",
            now=NOW - timedelta(days=30),
            by="account-1",
            **wishes,
        )
    return made.id
