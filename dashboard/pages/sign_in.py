"""How people get in and out: by a link that was sent to them, once."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from dashboard.problems import ForbiddenError
from dashboard.rendering import render
from dashboard.rules import Anybody, SignedIn
from dashboard.visitors import NO_NAMES, address_of, is_secure, parts_of, session_cookie
from registry import signing_in
from registry.sessions import LONGEST

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def sign_in(request: Request, visitor: Anybody, next: str = "/") -> Response:  # noqa: A002 - the address's word
    """Says how to get in, and takes who is in already to where they wanted to go."""
    wanted = own_address(next)
    if visitor is not None:
        return RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
    by_mail = parts_of(request).mail is not None
    return render(request, "sign_in.html", title="Sign in", next=wanted, by_mail=by_mail)


@router.get("/sign-in/{token}")
def use_link(request: Request, token: str, _: Anybody, next: str = "/") -> Response:  # noqa: A002 - the address's word
    """Asks for one more click: programs that look at links in emails must not use one up."""
    return render(request, "sign_in_link.html", title="Sign in", token=token, next=own_address(next))


@router.post("/sign-in")
def use(
    request: Request,
    token: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the form's word
    *,
    _: Anybody,
) -> Response:
    """Uses a link up and begins a session."""
    parts = parts_of(request)
    require_own_page(request)
    cookie = session_cookie(parts)
    signed_in = signing_in.with_link(
        parts.registry, token, address_of(request), parts.now(), instead_of=request.cookies.get(cookie)
    )
    answer = RedirectResponse(own_address(next), HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        cookie,
        signed_in.token,
        max_age=int(LONGEST.total_seconds()),
        secure=is_secure(parts),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/sign-out")
def sign_out(request: Request, visitor: SignedIn) -> Response:
    """Ends the session."""
    parts = parts_of(request)
    if visitor.session is not None:
        signing_in.sign_out(parts.registry, visitor.session, parts.now())
    answer = RedirectResponse("/sign-in?done=signed-out", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(session_cookie(parts), secure=is_secure(parts), httponly=True, samesite="lax")
    return answer


@router.post("/names")
def names(request: Request, _: SignedIn, *, shown: Annotated[bool, Form()]) -> Response:
    """Switches names on or off in this browser, such as before others look at the screen; goes back to the page."""
    came_from = urlsplit(request.headers.get("referer", "/"))
    back = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    answer = RedirectResponse(own_address(back), HTTPStatus.SEE_OTHER)
    if shown:
        answer.delete_cookie(NO_NAMES)
    else:
        secure = is_secure(parts_of(request))
        answer.set_cookie(NO_NAMES, "1", secure=secure, httponly=True, samesite="lax")
    return answer


def own_address(wanted: str) -> str:
    """The address, if it is one of our own pages; else the first one. Nobody is led elsewhere by a link to us."""
    parts = urlsplit(wanted)
    ours = not parts.scheme and not parts.netloc and wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if ours and wanted.isprintable() else "/"


def require_own_page(request: Request) -> None:
    """Refuse a form of another site, which could sign people in as somebody else.

    Raises:
        ForbiddenError: The browser says that it comes from elsewhere.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForbiddenError("This form came from another page. Open your link again and sign in there.")
