"""What the log says of an error that nobody foresaw: enough to find it, and nothing of anybody."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from fastapi import Request
from structlog.testing import capture_logs

from dashboard import faults
from dashboard.pages import overview
from dashboard.waiting_rejects import WaitingRejects
from tests.dashboard_kit import Site

NAME = "Zoe Quagga"


def parse(text: str) -> object:
    """Fail in somebody else's code, and then in ours, with what somebody sent in the message."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise KeyError(text) from error


def test_our_packages_are_all_of_them() -> None:
    """A package that is added is one of ours in the log too."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))

    assert project["tool"]["importlinter"]["root_packages"]
    assert set(project["tool"]["importlinter"]["root_packages"]) == faults.OURS


def test_a_fault_is_told_by_our_own_steps(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log has the function and line of ours that failed and who raised it; not the framework, not the message."""

    def fail(_: WaitingRejects) -> int:
        raise ValueError(NAME)

    monkeypatch.setattr(WaitingRejects, "count", fail)
    browser = site.browser()
    with capture_logs() as told:
        answer = browser.get(f"/?note={NAME}")

    [entry] = [each for each in told if each["event"] == "a request failed"]
    assert answer.status_code == 500
    assert (entry["route"], entry["method"], entry["error"]) == ("/", "GET", "ValueError")
    steps = entry["where"].split(" > ")
    assert any(re.fullmatch(rf"{re.escape(overview.__name__)}:\d+ overview", each) for each in steps)
    assert steps[-1].endswith(" fail")
    assert all(each.startswith(("dashboard.", __name__)) for each in steps)
    assert NAME not in str(told)


def test_who_raised_it_is_told_even_where_it_is_not_ours() -> None:
    """The last step is in the library that failed, and what the error came of is told by its kind."""
    with pytest.raises(KeyError) as raised:
        parse(NAME)
    cause = raised.value.__cause__
    assert cause is not None

    assert faults.where(raised.value).endswith("(after JSONDecodeError)")
    assert " raw_decode" in faults.where(cause)
    assert NAME not in faults.where(cause)


def test_a_page_that_failed_says_nothing_of_the_fault(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked is told that something went wrong here, in the shape of every other problem."""

    def fail(_: Request) -> int:
        raise ValueError(NAME)

    monkeypatch.setattr(overview, "_rejects", fail)
    page = site.browser().get("/")

    assert page.status_code == 500
    assert "Something went wrong here" in page.text
    assert NAME not in page.text
    assert "ValueError" not in page.text
