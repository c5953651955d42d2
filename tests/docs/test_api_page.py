"""The page on the API is true: its commands are run, with a real key, against a real dashboard."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Template
from time import monotonic, sleep
from typing import Any, NamedTuple

import pytest

from learning.events import encode
from tests.browser.site_processes import Running, running
from tests.builders import at, completed, enrolled

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-the-api.md"
LATER = date(2025, 10, 20)
"""Six study weeks after the small programme began: who did nothing is flagged."""

PATIENCE = 60
"""Seconds; machines are shared."""


class Answered(NamedTuple):
    """What a command got."""

    status: int
    kind: str
    body: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


def commands(beginning: str) -> list[str]:
    """The commands of the page that begin so, each on one line."""
    text = re.sub(r" \\\n +", " ", PAGE.read_text(encoding="utf-8"))
    return [line.strip() for line in text.splitlines() if line.startswith(f"    {beginning}")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A worker and a dashboard with two people, of whom one is flagged."""
    if shutil.which("curl") is None:
        pytest.skip("needs a server: the page speaks to one by curl, which is not installed")
    people = [enrolled(at(-5), f"e-{number}", f"p-{number}") for number in range(2)]
    with running(tmp_path_factory.mktemp("api"), *people) as site:
        site.start(LATER)
        yield site


@pytest.fixture(scope="module")
def environment(site: Running) -> dict[str, str]:
    """What the page has somebody export, with the key that its command grants."""
    [grant] = commands("engagement access grant")
    words = grant.replace('"Our LMS"', "lms").split()[1:]
    command = [sys.executable, "-m", "engagement", "--data-dir", str(site.folder), *words, "--json"]
    made = subprocess.run(command, capture_output=True, check=True, text=True, timeout=PATIENCE)
    return {"KEY": json.loads(made.stdout)["token"], "API": f"{site.address}/api/v1"}


def words(command: str, environment: dict[str, str]) -> list[str]:
    """A command as a shell would start it, about somebody that there is."""
    curl, *others = shlex.split(Template(command.replace("ENROLMENT", "e-1")).substitute(environment))
    found = shutil.which(curl)
    assert found is not None
    return [found, *others]


def ask(command: str, site: Running, environment: dict[str, str]) -> Answered:
    """Run a command of the page."""
    said = [*words(command, environment), "-w", r"\n%{http_code} %{content_type}"]
    ended = subprocess.run(said, cwd=site.folder, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert ended.returncode == 0, f"{command}: {ended.stderr}"
    body, _, last = ended.stdout.rpartition("\n")
    status, _, kind = last.partition(" ")
    return Answered(int(status), kind, body)


def answered(command: str, site: Running, environment: dict[str, str]) -> Answered:
    """Run a command, and again while the answer has to be worked out, as the page says."""
    deadline = monotonic() + PATIENCE
    while (found := ask(command, site, environment)).status == 503:
        assert monotonic() < deadline, found
        sleep(0.2)
    return found


def flagged(site: Running, environment: dict[str, str]) -> Answered:
    """The first command, asked until the worker has done its work."""
    [first, *_] = commands("curl")
    deadline = monotonic() + PATIENCE
    while True:
        found = ask(first, site, environment)
        if found.status == 200 and found.json["data"]:
            return found
        assert monotonic() < deadline, f"nobody is at risk: {found}"
        sleep(0.2)


def test_each_command_is_answered_as_the_page_says(site: Running, environment: dict[str, str]) -> None:
    """Whoever copies the commands reads the list as JSON and CSV, is told why and what changed, and sends and acts."""
    (site.folder / "facts.jsonl").write_bytes(
        b"".join(encode(completed("module-1", at(3), subject=f"e-{n}", partitionkey=f"p-{n}")) + b"\n" for n in (0, 1))
    )
    assert {row["enrolment"] for row in flagged(site, environment).json["data"]} == {"e-0", "e-1"}
    asked = [each for each in commands("curl") if "/stream" not in each]

    answers = [answered(each, site, environment) for each in asked]

    at_risk, as_csv, why, trend, changed, sent, done = answers
    assert [each.status for each in answers] == [200, 200, 200, 200, 200, 200, 201]
    assert at_risk.kind == "application/json"
    assert as_csv.kind.startswith("text/csv")
    assert as_csv.body.splitlines()[0].startswith("enrolment,participant")
    assert (why.json["enrolment"], why.json["hindsight"]["day"]) == ("e-1", str(LATER))
    assert trend.json["question"] == "completion-trend"
    assert {row["enrolment"] for row in changed.json["data"]} == {"e-0", "e-1"}
    assert [each["result"] for each in sent.json["results"]] == ["accepted", "accepted"]
    assert (done.json["enrolment"], done.json["data"]["outcome"]) == ("e-1", "reached")


def test_sent_again_nothing_is_there_twice(site: Running, environment: dict[str, str]) -> None:
    """What the page promises of a repetition holds for facts and for actions, by the same commands."""
    (site.folder / "facts.jsonl").write_bytes(
        encode(completed("module-2", at(4), subject="e-0", partitionkey="p-0")) + b"\n"
    )
    flagged(site, environment)
    [send, act] = [each for each in commands("curl") if "--data-binary" in each or "-X POST" in each]

    first, again = (ask(send, site, environment) for _ in range(2))
    another = act.replace("2f1c", "9d07")
    [noted, repeated] = [ask(another, site, environment) for _ in range(2)]

    assert (first.json["accepted"], again.json["accepted"], again.json["duplicates"]) == (1, 0, 1)
    assert (noted.status, repeated.status) == (201, 200)


def test_the_stream_tells_what_changes(site: Running, environment: dict[str, str]) -> None:
    """The command that keeps a stream open is told of a change as it happens."""
    flagged(site, environment)
    [command] = [each for each in commands("curl") if "/stream" in each]

    said = [*words(command, environment), "-D", "-", "--max-time", str(PATIENCE)]
    with subprocess.Popen(said, stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        headers = "".join(iter(listening.stdout.readline, "\n"))
        site.publish(completed("module-3", at(9), subject="e-1", partitionkey="p-1"))
        lines = iter(listening.stdout.readline, "")
        told = next(line for line in lines if line.startswith("data:") and '"e-1"' in line)
        listening.kill()

    assert headers.startswith("HTTP/1.1 200")
    assert "text/event-stream" in headers
    assert json.loads(told.removeprefix("data:"))["enrolment"] == "e-1"


def test_the_key_is_used_as_the_page_says() -> None:
    """Every command of the page carries the key and goes to the address that the page has somebody export."""
    assert len(commands("curl")) >= 7
    assert all('-H "Authorization: Bearer $KEY"' in each and "$API/" in each for each in commands("curl"))
    assert [each.partition("=")[0] for each in commands("export")] == ["export KEY", "export API"]
