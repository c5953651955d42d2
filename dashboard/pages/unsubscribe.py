"""Takes people off digests by the link in each of them: after a click here, or at once by their mail program.

Mail programs post to the same address (RFC 8058, one-click), without cookies and without anything of ours in the form.
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard.api.limiting import Rates
from dashboard.rendering import render
from dashboard.rules import Anybody
from dashboard.visitors import address_of, parts_of
from registry import contacts

router = APIRouter(include_in_schema=False)


@router.get("/unsubscribe/{token}")
def unsubscribe_page(request: Request, token: str, _: Anybody) -> Response:
    """Asks for one more click: programs that look at links in emails must take nobody off. Tells of no token."""
    return render(request, "unsubscribe.html", title="Unsubscribe from digests", token=token, done=False)


@router.post("/unsubscribe/{token}")
def unsubscribe(request: Request, token: str, _: Anybody) -> Response:
    """Takes whoever holds the token off digests; the answer is the same for a token that is nobody's."""
    rates: Rates = request.app.state.rates
    rates.of_address(address_of(request))
    parts = parts_of(request)
    if token.isprintable():
        with parts.registry.writing() as connection:
            contacts.unsubscribe(connection, token, parts.now())
    return render(request, "unsubscribe.html", title="You are unsubscribed", done=True)
