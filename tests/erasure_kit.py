"""A person who is imported, shown, searched, exported and alerted about, and then erased: for every kind of store."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import FACTS_TOPIC, start_day
from eventlog.lake.lake import Lake
from eventlog.lake.writing import archive
from learning.plan import start_of
from projections import outbox
from registry import people
from tests.builders import SMALL_FILE, START, at, completed, enrolled
from tests.command_line import Cli

PARTICIPANT: Final = "p-canary-5e1f0c77"
ENROLMENT: Final = "e-canary-93ab44d2"
TEXTS: Final = ("Quillfeather", "quillfeather", "zebedee@", "Tintagel", "tintagel")
"""Parts of the name, the address and the school, as they were given and as a search keeps them."""

PEOPLE: Final = f"""participant,name,email,school,urn
{PARTICIPANT},Zebedee Quillfeather,zebedee@quillfeather.example,Tintagel Academy,987654
p-2,Bo Keeper,bo@north.example,North School,123456
"""
WEEKS: Final = 6

COUNTED: Final = """
SELECT programme, intake, partner, status, count(*) AS enrolments, sum(points) AS points
FROM dim_enrolment JOIN fact_completion USING (enrolment_no) GROUP BY ALL ORDER BY ALL
"""


class Canary:
    """The life of one such person among six, on one data folder; `process` does a worker's work."""

    def __init__(self, cli: Cli, process: Callable[[], object]) -> None:
        """On a data folder that `prepare` fills, or has filled."""
        self.cli, self._process = cli, process

    def prepare(self) -> None:
        """Load facts and names, let six weeks pass in which the person does nothing after the first, and use it all."""
        cli = self.cli
        (cli.folder / "programmes").mkdir(parents=True)
        (cli.folder / "programmes" / "small.toml").write_text(SMALL_FILE)
        whose = [(ENROLMENT, PARTICIPANT), *((f"e-{number}", f"p-{number}") for number in range(2, 7))]
        facts = [enrolled(at(-5), *each, partner=f"partner-{place % 2}") for place, each in enumerate(whose)]
        facts += [
            completed(f"module-{module}", at(7 * module - 5), subject=enrolment, partitionkey=participant)
            for place, (enrolment, participant) in enumerate(whose)
            for module in range(1, place + 2)
        ]
        assert cli.send(*facts).code == 0
        for week in range(1, WEEKS + 1):
            with self._log() as log:
                day = START.date() + timedelta(weeks=week)
                start_day(log, day, start_of(day))
        self.work()
        names = cli.folder.parent / "people.csv"
        names.write_text(PEOPLE)
        assert cli("people", "import", names).code == 0
        names.unlink()
        self._use()

    def _log(self) -> Any:
        return Wiring(Settings(data_dir=self.cli.folder)).log_to_append()

    def work(self) -> None:
        """Process what is on the log, and archive it."""
        self._process()
        with self._log() as log:
            for partition, end in log.end_offsets(FACTS_TOPIC).items():
                archive(Lake(self.cli.folder / "lake"), log, partition, end)

    def _use(self) -> None:
        """Show them, search for them, export them outside of the folder, and make alerts."""
        cli = self.cli
        assert "Quillfeather" in cli("people", "show", PARTICIPANT).out
        with Wiring(Settings(data_dir=cli.folder)).registry() as registry, registry.reading() as connection:
            assert people.search(connection, "quillfeather") == [PARTICIPANT]
        assert cli("people", "export", PARTICIPANT, "--output", cli.folder.parent / "export.json").code == 0
        assert cli("dispatcher", "--once").code == 0

    def figures(self) -> dict[str, Any]:
        """What is counted, by the commands."""
        commands: dict[str, tuple[str, ...]] = {
            "cohorts": ("cohort",),
            "declarations": ("declarations", "summary"),
            "survival": ("analyse", "survival"),
            "funnel": ("analyse", "where-they-stop"),
            "status": ("query", COUNTED),
        }
        return {name: self.cli(*command, "--json").data for name, command in commands.items()}

    def named(self) -> dict[str, bool]:
        """Whether what lists or shows enrolments has this one."""
        cli = self.cli
        shown: dict[str, tuple[str, ...]] = {
            "at risk": ("at-risk", "--json"),
            "show": ("show", ENROLMENT, "--json"),
            "show participant": ("show", PARTICIPANT, "--json"),
            "explain": ("explain", ENROLMENT, "--json"),
            "declarations": ("declarations", "ready", "--json"),
            "expected": ("declarations", "expected", "--json"),
            "participants": ("query", "SELECT participant FROM dim_enrolment", "--json"),
        }
        return {
            name: any(each in cli(*asked).out for each in (ENROLMENT, PARTICIPANT)) for name, asked in shown.items()
        }

    def waiting(self) -> set[str]:
        """The enrolments about whom a decision waits to be relayed."""
        with Wiring(Settings(data_dir=self.cli.folder)).store() as store, store.connect() as connection:
            return {each.enrolment for each in outbox.waiting(connection, 1_000, date.max)}

    def erase(self) -> Any:
        """Erase them, and let a worker take it up."""
        told = self.cli("people", "erase", PARTICIPANT, "--json").data
        self.work()
        return told


def holding(folder: Path, *texts: str) -> set[str]:
    """The parts of a data folder (a file in it, or the files of a folder in it) in whose bytes one of the texts is."""
    return {
        path.relative_to(folder).parts[0]
        for path in folder.rglob("*")
        if path.is_file() and any(text.encode() in path.read_bytes() for text in texts)
    }
