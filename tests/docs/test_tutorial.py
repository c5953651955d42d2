"""The tutorial is true: its commands are run with its files, and what it says of them holds."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from dashboard.addresses import listening

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-hour.md"
COMMAND = "    $ engagement "
FENCE = "```"


def follow(folder: Path) -> Iterator[tuple[str, Any]]:
    """Do in a folder what the page says, from top to bottom; answer each command with the JSON that it printed."""
    name = ""
    lines = iter(PAGE.read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line == f"{FENCE}csv":
            content = "\n".join(iter(lambda: next(lines), FENCE))
            (folder / name).write_text(content + "\n", encoding="utf-8")
        elif line.startswith(COMMAND):
            command = line.removeprefix(COMMAND)
            yield command, run(folder, command)
        elif mentioned := re.search(r"`(\w+\.csv)`", line):
            name = mentioned[1]


def run(folder: Path, command: str) -> Any:
    """Run one command, which must end well."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")}
    ended = subprocess.run(
        [sys.executable, "-m", "engagement", *shlex.split(command), "--json"],
        cwd=folder,
        env=inherited,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, f"engagement {command}: {ended.stderr}"
    return json.loads(ended.stdout)


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    """Whoever follows the tutorial sees the numbers that it names, and ends with a log that verifies."""
    steps = list(follow(tmp_path))
    answers = dict(steps)
    enrolling, again = (answer for command, answer in steps if command.startswith("import enrolments"))
    attending, mended = (answer for command, answer in steps if command == "import attendance attendance.csv")
    before, after = (answer for command, answer in steps if command == "rejects list")

    assert (enrolling["appended"], again["appended"], again["duplicates"]) == (3, 0, 3)
    assert (attending["appended"], [each["row"] for each in attending["row_errors"]]) == (4, [6])
    assert (mended["appended"], mended["duplicates"]) == (1, 4)
    assert (len(before), after) == (1, [])
    assert (answers["show e-1001"]["components_done"], answers["show e-1001"]["components_total"]) == (2, 50)
    assert [row["programme"] for row in answers["cohort"]] == ["ambition-2024/npqlt", "ambition-2024/npqsl"]
    assert (answers["people import people.csv"]["added"], answers["import attendance later.csv"]["appended"]) == (3, 1)
    assert answers["verify"]["verified"]


def test_the_register_stands_on_the_screen(tmp_path: Path) -> None:
    """Whoever follows the tutorial to its end finds the people of their own register in the browser, live."""
    for command, _ in follow(tmp_path):
        if command.startswith("people import"):
            break
    assert "\n    engagement up\n" in PAGE.read_text(encoding="utf-8")
    with listening("127.0.0.1", 0) as found:
        port = found.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with upped(tmp_path, port), httpx2.Client(base_url=address, follow_redirects=True) as browser:
        token = run(tmp_path, 'access grant --label "Me" --role staff --link')["token"]
        overview = browser.post("/sign-in", data={"token": token})
        assert "enrolled" in overview.text
        people = browser.get("/enrolments").text
        assert all(name in people for name in ("Ada Example", "Ben Example", "Cleo Example"))
        assert "Ada Example" in browser.get("/enrolments/e-1001").text


@contextmanager
def upped(folder: Path, port: int) -> Iterator[None]:
    """Have `engagement up` run in a folder, until the block ends."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENGAGEMENT_")}
    command = [sys.executable, "-m", "engagement", "up", "--port", str(port), "--json"]
    with (folder / "up.txt").open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, env=inherited, stdout=subprocess.PIPE, stderr=said)
    try:
        assert process.stdout is not None
        assert process.stdout.readline(), (folder / "up.txt").read_text(encoding="utf-8")
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
