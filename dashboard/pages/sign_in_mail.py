"""Sends a sign-in link to whoever asks for one with the address of their account; the answer never says whether."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

import structlog
from fastapi import APIRouter, BackgroundTasks, Form, Request
from fastapi.responses import RedirectResponse, Response

from dashboard.links import address
from dashboard.pages.sign_in import own_address, require_own_page
from dashboard.parts import Mail, Parts
from dashboard.problems import NotThereError
from dashboard.rules import Anybody
from dashboard.visitors import address_of, parts_of
from dashboard.wording import count
from registry.credentials import prefix_of
from registry.links_by_mail import VALID, Link, count_asking, links_for

router = APIRouter(include_in_schema=False)

HOURS: Final = int(VALID.total_seconds()) // 3_600

_log = structlog.get_logger("engagement.dashboard")


@router.post("/sign-in/link")
def ask_for_link(
    request: Request,
    later: BackgroundTasks,
    email: Annotated[str, Form(max_length=320)],
    next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002 - the form's word
    *,
    _: Anybody,
) -> Response:
    """Answers at once and always the same; whether an account has the address is looked up after that."""
    parts = parts_of(request)
    mail = parts.mail
    if mail is None:
        raise NotThereError("Links are not sent by email here. Ask the person who looks after access.")
    require_own_page(request)
    count_asking(parts.registry, address_of(request), parts.now())
    wanted = own_address(next)
    later.add_task(send_links, parts, mail, email, wanted)
    return RedirectResponse(address("/sign-in", done="link-asked", next=wanted), HTTPStatus.SEE_OTHER)


def send_links(parts: Parts, mail: Mail, email: str, wanted: str) -> None:
    """Send a link to each account with an address; `wanted` is the page of ours to go on to."""
    now = parts.now()
    for link in links_for(parts.registry, email, now):
        try:
            mail.mailer.send(message(link, mail.sender, parts.public_url, wanted, now))
        except OSError as error:  # whoever asked learns nothing of it, so somebody else must
            _log.warning("a sign-in link could not be sent", account=link.account, error=type(error).__name__)


def message(link: Link, sender: str, public_url: str, wanted: str, now: datetime) -> EmailMessage:
    """The message with a link."""
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = link.email
    made["Subject"] = "Your link to sign in to Engagement"
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{prefix_of(link.token)}@{urlsplit(public_url).hostname}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(
        "Somebody, most likely you, asked for a link to sign in to Engagement.\n\n"
        f"{public_url}/sign-in/{link.token}?next={quote(wanted, safe='')}\n\n"
        f"It works once, within {count(HOURS, 'hour')}. If you did not ask for it, leave it: nobody else has it.\n"
    )
    return made
