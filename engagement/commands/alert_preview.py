"""`engagement alerts preview`: what a contact would be told next, word for word."""

from typing import Annotated, Final

from typer import Argument, Context

from alerting.bodies_email import Addresses, email
from alerting.model import Notice
from alerting.preview import preview as preview_of
from engagement import output
from engagement.output import AsJson
from engagement.wiring import Wiring
from registry import contacts
from stream_processors.day_clock import utc_now

_NO_TOKEN: Final = "token"  # noqa: S105 - stands in the place of one: only the contact has the real one


def preview(
    context: Context,
    contact: Annotated[str, Argument(metavar="CONTACT", help="The contact, by its id.")],
    as_json: AsJson = False,
) -> None:
    """Show what a contact would be told at the next digest, word for word, if nothing changed until then.

    Nothing is sent by looking.
    """
    wiring: Wiring = context.obj
    settings = wiring.settings
    with wiring.alert_store(to_read=True) as store, wiring.registry(to_read=True) as registry:
        with registry.reading() as connection:
            told = contacts.find(connection, contact)
        found = preview_of(
            store,
            registry,
            told,
            utc_now(),
            terms=wiring.curriculum().calendars["school-terms"],
            policy=settings.alert_policy,
            dry=settings.alerts != "on",
        )
    addresses = Addresses(settings.mail_from, told.email, settings.public_url, _NO_TOKEN)
    messages = [_as_mail(each, addresses) for each in found.notices]
    if as_json:
        output.json({"at": found.at, "messages": messages})
        return
    if found.at is None:
        output.say("No digest of this contact is due within ten weeks.")
        return
    output.say(f"Due {output.uk_time(found.at)}, if nothing changes until then.")
    for each in messages:
        output.pairs(f"Subject: {each['subject']}", {"": each["text"]})
    if not messages:
        output.say("There is nothing to tell this contact.")


def _as_mail(notice: Notice, addresses: Addresses) -> dict[str, str]:
    made = email(notice, addresses)
    parts = {kind: made.get_body((kind,)) for kind in ("plain", "html")}
    texts = {kind: "" if part is None else str(part.get_content()) for kind, part in parts.items()}
    return {
        "id": notice.id,
        "kind": notice.kind,
        "partner": notice.partner,
        "subject": str(made["Subject"]),
        "text": texts["plain"],
        "html": texts["html"],
    }
