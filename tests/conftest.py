"""Settings of the whole suite: how hard hypothesis looks, and what is said of tests that could not run."""

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.servers.fixtures"]

SERVERS = "REQUIRE_SERVERS"
"""Set to 1, a test that needs a server or a browser and finds none fails instead of being left out."""

_NEEDS_A_SERVER = ("needs a server", "needs a browser")

settings.register_profile("quick", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("quick"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn "needs a server ..." from a reason to skip into a failure where servers are required."""
    report = yield
    if report.skipped and os.environ.get(SERVERS) == "1" and _reason(report).startswith(_NEEDS_A_SERVER):
        report.outcome = "failed"
        report.longrepr = f"{_reason(report)}, and {SERVERS}=1 allows no test to be left out"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what was left out, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = sorted({_reason(report) for report in skipped})
    terminalreporter.write_line(
        f"Left out: {len(skipped)} tests ({'; '.join(reasons)})." if skipped else "Left out: nothing."
    )


def _reason(report: pytest.TestReport) -> str:
    told = report.longrepr
    return str(told[2] if isinstance(told, tuple) else told).removeprefix("Skipped: ")
