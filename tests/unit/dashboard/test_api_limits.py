"""How often an account may ask: so many times in a moving window, and the headers say how many are left."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from limits import RateLimitItemPerHour

from dashboard.api.limiting import OF_AN_ACCOUNT, OF_AN_ADDRESS, Rates, TooOftenError
from tests.dashboard_kit import Site, opened


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A dashboard on which an account may ask three times an hour, and a stranger twice."""
    with opened(tmp_path) as site:
        site.app.state.rates = Rates(RateLimitItemPerHour(3), RateLimitItemPerHour(2))
        yield site


def test_the_limit_is_that_of_dfe() -> None:
    """A lead provider's programs may ask as often as at DfE: 1,000 times in five minutes, strangers 300 times."""
    assert (OF_AN_ACCOUNT.amount, OF_AN_ACCOUNT.get_expiry()) == (1_000, 300)
    assert (OF_AN_ADDRESS.amount, OF_AN_ADDRESS.get_expiry()) == (300, 300)


def test_each_answer_says_how_many_requests_are_left(site: Site) -> None:
    """The headers count down, and name the limit."""
    client = site.program("staff")

    left = [client.get("/api/v1/programmes").headers["ratelimit"].split(";")[1] for _ in range(3)]

    assert left == ["r=2", "r=1", "r=0"]
    assert client.get("/api/v1/programmes").headers["ratelimit-policy"] == '"default";q=3;w=3600'


def test_one_request_too_many_is_told_when_to_come_back(site: Site) -> None:
    """Over the limit the answer is 429 with `Retry-After`, in the shape of all errors; pages are not counted."""
    client = site.program("staff")
    for _ in range(3):
        client.get("/api/v1/programmes")

    answer = client.get("/api/v1/programmes")

    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 3_600
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/sign-in", follow_redirects=False).status_code != 429


def test_accounts_do_not_take_each_others_requests(site: Site) -> None:
    """The limit is of an account, whichever address it asks from; strangers have one of their own."""
    first, second, stranger = site.program("staff"), site.program("staff"), site.stranger()
    for _ in range(4):
        first.get("/api/v1/programmes")

    assert second.get("/api/v1/programmes").status_code == 200
    assert [stranger.get("/api/v1/openapi.json").status_code for _ in range(3)] == [200, 200, 429]


def test_the_wait_is_at_least_a_second() -> None:
    """A clock that stands at the end of the window does not say to come back at once."""
    rates = Rates(RateLimitItemPerHour(1), clock=lambda: 1e12)
    rates.of_account("account-1")

    with pytest.raises(TooOftenError) as refused:
        rates.of_account("account-1")

    assert refused.value.headers["Retry-After"] == "1"
