"""Shows what a contact would be told at their next digest, word for word; nothing is sent by looking."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from alerting.preview import Preview, preview
from alerting.store import AlertStore
from dashboard.links import address
from dashboard.noting import note_look
from dashboard.pages.alert_words import words_of
from dashboard.pages.alerts import without_book
from dashboard.problems import NotThereError
from dashboard.rendering import render
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, parts_of
from registry import contacts
from registry.audit import Action
from registry.contacts import Contact

router = APIRouter(include_in_schema=False)

_ONLY_ITS_STYLE: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "sandbox"
)
"""What the HTML of a message may do here; its styles stand in it, as mail programs want them."""

Who = Annotated[str | None, Query(max_length=100)]


@router.get("/alerts/preview")
def preview_page(request: Request, visitor: SignedIn, contact: Who = None) -> Response:
    """The next digest of a contact, if nothing changes until then; of the first one unless another is chosen."""
    store = parts_of(request).alerts()
    if store is None:
        return without_book(request, "Preview of a digest")
    seen = _contacts(request, visitor)
    chosen = _chosen(seen, contact)
    found = None if chosen is None else _preview(request, store, chosen)
    note_look(request, visitor, Action.LIST_READ, "page:alerts/preview")
    return render(
        request,
        "alert_preview.html",
        title="Preview of a digest",
        active="alerts",
        chosen=chosen,
        at=found and found.at,
        messages=[] if found is None or chosen is None else list(_messages(request, chosen, found)),
        options=[{"value": each.id, "text": _label(each, visitor)} for each in seen],
        terms=parts_of(request).alert_terms,
    )


@router.get("/alerts/preview/{notice}")
def preview_html(request: Request, notice: str, visitor: SignedIn, contact: Who = None) -> Response:
    """The HTML part of a message of the preview, as a mail program shows it."""
    store = parts_of(request).alerts()
    chosen = _chosen(_contacts(request, visitor), contact)
    found = () if store is None or chosen is None else _preview(request, store, chosen).notices
    shown = next((each for each in found if each.id == notice), None)
    if shown is None:
        raise NotThereError("There is no such message any more. Load the preview again.")
    html = words_of(shown, parts_of(request)).html
    return HTMLResponse(html, headers={"Content-Security-Policy": _ONLY_ITS_STYLE, "Cache-Control": "no-store"})


def _contacts(request: Request, visitor: Visitor) -> list[Contact]:
    """Those whom the visitor may see."""
    with parts_of(request).registry.reading() as registry:
        return [each for each in contacts.every(registry) if visitor.partner in (None, each.partner)]


def _chosen(seen: list[Contact], contact: str | None) -> Contact | None:
    """The contact that is asked for, or the first one; None: there is none at all.

    Raises:
        NotThereError: The one that is asked for is not there, or not the visitor's to see.
    """
    if not contact:
        return seen[0] if seen else None
    found = next((each for each in seen if each.id == contact), None)
    if found is None:
        raise NotThereError("There is no such contact, or it is not with your organisation.")
    return found


def _preview(request: Request, store: AlertStore, contact: Contact) -> Preview:
    parts = parts_of(request)
    return preview(
        store,
        parts.registry,
        contact,
        parts.now(),
        terms=parts.rulebook().curriculum.calendars["school-terms"],
        policy=parts.alert_terms.policy,
        dry=not parts.alert_terms.are_sent,
    )


def _messages(request: Request, contact: Contact, found: Preview) -> Iterator[dict[str, Any]]:
    for each in found.notices:
        html = address(f"/alerts/preview/{each.id}", contact=contact.id)
        yield {"notice": each, "words": words_of(each, parts_of(request)), "html": html}


def _label(contact: Contact, visitor: Visitor) -> str:
    return f"{contact.label if visitor.names else contact.id} ({contact.partner or 'Lead provider'})"
