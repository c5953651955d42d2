"""The suite's own rules: what is left out is said in one line, and nothing is left out where servers are required."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


def run_suite(folder: Path, reason: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a suite of one skipped test under the project's conftest."""
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_skipped.py").write_text(f"import pytest\n\ndef test_it():\n    pytest.skip({reason!r})\n")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "REQUIRE"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", folder, folder],
        cwd=CONFTEST.parents[1],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_says_in_one_line_what_was_left_out(tmp_path: Path) -> None:
    """A test that is left out is counted in one line of the summary, with its reason."""
    ended = run_suite(tmp_path, "needs a browser: none is installed")

    assert ended.returncode == pytest.ExitCode.OK
    assert "Left out: 1 tests (needs a browser: none is installed)." in ended.stdout.splitlines()


def test_fails_where_a_server_is_required_and_missing(tmp_path: Path) -> None:
    """With REQUIRE_SERVERS=1, a test that finds no browser or server fails and says what it needs."""
    ended = run_suite(tmp_path, "needs a server: PostgreSQL is not there", REQUIRE_SERVERS="1")

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
    assert "needs a server: PostgreSQL is not there, and REQUIRE_SERVERS=1" in ended.stdout


def test_other_reasons_may_still_leave_a_test_out(tmp_path: Path) -> None:
    """REQUIRE_SERVERS=1 asks for servers only: a test without its data files is left out all the same."""
    ended = run_suite(tmp_path, "the data set is not beside the project", REQUIRE_SERVERS="1")

    assert ended.returncode == pytest.ExitCode.OK
