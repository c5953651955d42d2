"""Who may do what about an enrolment: by role, by partner, and from our own pages only."""

from typing import Any

import pytest

from tests.actions_kit import EVERY, FLAGGED, key, made
from tests.dashboard_kit import Site


@pytest.mark.parametrize(
    ("role", "partner", "allowed"),
    [
        ("staff", None, set(EVERY) - {"sign-off", "object"}),
        ("partner", "partner-1", set(EVERY) - {"approve-deferral"}),
        ("read-only", None, set()),
        ("read-only", "partner-1", set()),
    ],
)
def test_who_may_do_what(site: Site, role: Any, partner: str | None, allowed: set[str]) -> None:
    """Staff approve deferrals, partners sign withdrawals off or object, and who may only look can do nothing."""
    client = site.browser(role, partner)

    answered = {word: client.get(f"/actions/{word}/{FLAGGED}").status_code for word in EVERY}

    assert answered == {word: 200 if word in allowed else 403 for word in EVERY}
    refused = set(EVERY) - allowed
    assert {client.submit(f"/actions/{word}/{FLAGGED}", **EVERY[word]).status_code for word in refused} <= {403}
    assert made(site) == []


@pytest.mark.parametrize("word", EVERY)
def test_another_partners_enrolment_cannot_be_acted_on(site: Site, word: str) -> None:
    """What a partner does about another one's enrolment is answered like what is done about none."""
    client = site.browser("partner", "partner-1")
    for other in ("e-10", "e-999"):
        form = {"key": "20251020T093000.000000Z-0123456789abcdef", **EVERY[word]}
        expected = 403 if word == "approve-deferral" else 404
        assert client.submit(f"/actions/{word}/{other}", **form).status_code == expected
        assert client.get(f"/actions/{word}/{other}").status_code == expected
    assert made(site) == []


def test_a_form_without_its_token_notes_nothing(site: Site) -> None:
    """Another site cannot have a browser note anything."""
    client = site.browser()

    answer = client.post(f"/actions/acknowledge/{FLAGGED}", data={"key": key(client, "acknowledge")})

    assert answer.status_code == 403
    assert made(site) == []
