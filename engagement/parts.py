"""The parts that can be supervised, each with how one sees that it does its work."""

from http.client import HTTPConnection, HTTPException

from engagement.supervising import Part
from engagement.wiring import Wiring
from learning.errors import EngagementError

_ANSWER_SECONDS = 5.0
_SERVER_ERROR = 500
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound to it here


def worker_part(wiring: Wiring) -> Part:
    """A worker: ready when there are projections to read."""

    def is_ready() -> bool:
        try:
            return wiring.has_projections()
        except EngagementError:  # their server is away; the worker says so
            return False

    return Part("worker", ("worker",), is_ready)


def dashboard_part(host: str, port: int) -> Part:
    """The dashboard: ready when it answers."""
    arguments = ("dashboard", "--host", host, "--port", str(port))
    return Part("dashboard", arguments, lambda: _answers(_ANY_ADDRESS.get(host, host), port))


def dispatcher_part() -> Part:
    """The dispatcher: ready as soon as it runs, for it waits until there is something to tell."""
    return Part("dispatcher", ("dispatcher",))


def _answers(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < _SERVER_ERROR
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
