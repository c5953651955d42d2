"""What other systems might send: envelopes and sheets that are right, and such that something was done to."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from learning.curriculum import Curriculum
from learning.events import Fact, encode
from producers.simulator import Simulation, simulate
from tests.dashboard_kit import NOW

HOSTILE: Final[tuple[Any, ...]] = (
    *(None, True, -0.0, 1e308, 2**63, -1, "", " ", [], {}, [[]], {"__proto__": {}}),
    *("\x00", "a\nb", "\u202egnp.exe", "=1+1", "@SUM(A1)", "<script>alert(1)</script>", "é" * 300, "x" * 100_000),
    *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2025-02-30T10:00:00Z", "2025-10-01T24:00:00Z"),
    *("2025-10-01T10:00:00", "2025-10-01", "2031-01-01T00:00:00Z", "/engagement/day-clock", "olive@example.org"),
    *("learning.day-started.v1", "learning.participant-erased.v1", "learning.hacked.v1", "../../etc/passwd"),
)
"""Values that are wrong nearly everywhere; the list of bad input in its other forms is a table-driven test."""

RAW: Final = (
    *(b"\xff", b"\xef\xbb\xbf", b"\x00", b"[" * 5_000, b"NaN", b"1e400", b"\\ud800", b"\n", b'"', b"}", b"9" * 5_000),
)
CELLS: Final = (
    *(each for each in HOSTILE if isinstance(each, str)),
    *('"', ",,,", "31/02/2025", "perhaps", "e-nobody", "45931"),
)

SOURCE: Final = "/fuzz"

Envelope = dict[str, Any]


class Case(NamedTuple):
    """One envelope to send."""

    raw: bytes
    key: tuple[str, str] | None
    """Source and id of a fact to which nothing was done: it has to be on the log in the end."""


def facts(seed: int) -> Iterator[Fact]:
    """Facts of believable people, without end and each with an id of its own."""
    curriculum, until = Curriculum.shipped(), NOW.date() - timedelta(days=1)
    while True:
        some = Simulation(seed=seed, participants=40, partners=3, intakes=("2024-autumn",), until=until)
        yield from simulate(some, curriculum)
        seed += 1


def cases(seed: int) -> Iterator[Case]:
    """Envelopes, about half of them right; some come again, some again as something else."""
    random = Random(seed)
    before = b"{}"
    for fact in facts(seed):
        raw = encode(replace(fact, source=SOURCE))
        yield Case(raw, (SOURCE, fact.id))
        if random.random() < 0.1:
            yield Case(before, None)
        if random.random() < 0.9:
            yield Case(random.choice(_WAYS)(random, raw), None)
        before = raw


def _cut(random: Random, raw: bytes) -> bytes:
    return raw[: random.randrange(len(raw))]


def _scratched(random: Random, raw: bytes) -> bytes:
    scratched = bytearray(raw)
    for _ in range(random.randint(1, 4)):
        scratched[random.randrange(len(raw))] = random.randrange(256)
    return bytes(scratched)


def _stuffed(random: Random, raw: bytes) -> bytes:
    place = random.randrange(len(raw))
    return raw[:place] + random.choice(RAW) + raw[place:]


def _edited(edit: Callable[[Random, Envelope], Any]) -> Callable[[Random, bytes], bytes]:
    def mangle(random: Random, raw: bytes) -> bytes:
        envelope = json.loads(raw)
        edit(random, envelope)
        return json.dumps(envelope).encode()

    return mangle


def _put(random: Random, envelope: Envelope) -> None:
    envelope[random.choice(sorted(envelope))] = random.choice(HOSTILE)


def _put_into_data(random: Random, envelope: Envelope) -> None:
    data = envelope["data"]
    data[random.choice([*sorted(data), "note"])] = random.choice(HOSTILE)


def _left_out(random: Random, envelope: Envelope) -> None:
    del envelope[random.choice(sorted(envelope))]


def _moved_on(_: Random, envelope: Envelope) -> None:
    """The id stands for another fact already."""
    envelope["time"] = "2025-10-01T10:00:00Z"


def _twice(random: Random, raw: bytes) -> bytes:
    name = random.choice(sorted(json.loads(raw)))
    return raw[:-1] + f', "{name}": "again"}}'.encode()


_WAYS: Final = (_cut, _scratched, _stuffed, _twice, *map(_edited, (_put, _put_into_data, _left_out, _moved_on)))


def sheet(random: Random, rows: int, enrolments: list[str]) -> str:
    """A register of attendance in which every row is right."""
    wanted = random.sample([(each, session) for each in enrolments for session in ("clinic-1", "clinic-2")], rows)
    lines = [
        f"{each},{session},2025-{random.randint(9, 10):02}-{random.randint(10, 19)},{random.choice(('yes', 'no'))}"
        for each, session in wanted
    ]
    return "\n".join(["Enrolment,Session,Date,Attendance", *lines]) + "\n"


def mangled_sheet(random: Random, text: str) -> bytes:
    """The same after something was done to it."""
    lines = text.splitlines()
    for _ in range(random.randint(1, len(lines))):
        place = random.randrange(len(lines))
        cells = lines[place].split(",")
        cells[random.randrange(len(cells))] = random.choice(CELLS)
        lines[place] = ",".join(cells)
    done = random.choice(("\n", "\r\n", "\r")).join(lines).encode()
    return random.choice(
        (done, done, done.replace(b",", b";"), done + done, _cut(random, done), b"PK\x03\x04" + done, done[::-1])
    )
