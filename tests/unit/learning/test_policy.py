"""The risk policy: what a file says, what is refused and how, which version holds when, and for whom."""

from datetime import date

import pytest

from learning.policy import (
    COUNTDOWNS,
    LEVELS,
    RATIOS,
    SIGNALS,
    Level,
    Policies,
    Policy,
    PolicyError,
    SignalCode,
    Step,
    parse_policy,
    shipped_policies,
)
from learning.policy_texts import figure_in_words, steps_in_words
from learning.signals import SIGNALS as MEANINGS

FILE = """
version = "2027-01"
in_force = 2027-01-04
hold_days = 3
excused_days = 28

[levels]
watch = 2
at-risk = 4
critical = 6

[signals]
behind = [{ from = 2, points = 1 }, { from = 4, points = 3 }]
deadline-near = [{ within = 28, points = 2 }, { within = 14, points = 4 }]

[[provider]]
id = "provider-2"
hold_days = 7
levels = { watch = 1, at-risk = 2, critical = 3 }
signals.behind = []
signals.silent = [{ from = 1, points = 2 }]

[[provider]]
id = "provider-3"
signals.behind = [{ from = 9, points = 9 }]
"""


def policy(old: str = "", new: str = "") -> Policy:
    """The file, with something else in it."""
    assert old in FILE
    return parse_policy(FILE.replace(old, new, 1) if old else FILE, "own.toml")


def test_a_file_says_versions_levels_and_steps() -> None:
    """Everything in it is in the policy, the steps of each signal in their order."""
    found = policy()

    assert (found.version, found.in_force) == ("2027-01", date(2027, 1, 4))
    assert (found.default.hold_days, found.default.excused_days) == (3, 28)
    assert found.default.signals["behind"] == (Step(points=1, at=2), Step(points=3, at=4))
    assert found.default.signals["deadline-near"] == (Step(points=2, within=28), Step(points=4, within=14))


@pytest.mark.parametrize(
    ("points", "level"),
    [
        (0, "on-track"),
        (1, "on-track"),
        (2, "watch"),
        (3, "watch"),
        (4, "at-risk"),
        (5, "at-risk"),
        (6, "critical"),
        (99, "critical"),
    ],
)
def test_a_level_holds_from_its_points(points: int, level: Level) -> None:
    """Just below, at, and above each threshold."""
    assert LEVELS[policy().default.level(points)] == level


def test_what_is_left_counts_below_zero() -> None:
    """So that fewer days left are a higher figure."""
    assert [step.threshold for step in policy().default.signals["deadline-near"]] == [-28, -14]
    assert [step.threshold for step in policy().default.signals["behind"]] == [2, 4]


def test_a_provider_has_its_own_where_it_says_so() -> None:
    """What it names is its own, an empty list switches a signal off, and the rest is as for all."""
    found = policy()
    own, default = found.rules("provider-2"), found.default

    assert (own.hold_days, own.excused_days, own.levels.critical) == (7, 28, 3)
    assert set(own.signals) == {"silent", "deadline-near"}
    assert own.signals["deadline-near"] == default.signals["deadline-near"]
    assert own.version == found.version


def test_what_a_provider_does_not_name_is_the_default() -> None:
    """One signal of its own, and everything else of the file."""
    found = policy()
    own = found.rules("provider-3")

    assert own.signals["behind"] == (Step(points=9, at=9),)
    assert (own.hold_days, own.levels) == (found.default.hold_days, found.default.levels)


def test_other_providers_have_the_default() -> None:
    """Whoever is not named."""
    found = policy()

    assert found.rules("provider-1") is found.default


def test_an_empty_list_switches_a_signal_off_for_everybody() -> None:
    """In the main part of a file as in a provider's."""
    found = policy("behind = [{ from = 2, points = 1 }, { from = 4, points = 3 }]", "behind = []")

    assert "behind" not in found.default.signals


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hold_days = 3", "hold_days = 0", r"own\.toml: Expected `int` >= 1 - at `\$\.hold_days`; compare"),
        ("hold_days = 3", "", r"own\.toml: Object missing required field `hold_days`; compare"),
        ("hold_days = 3", "hold_days = ", r"own\.toml: .*; compare it with `engagement policy show`"),
        ("excused_days = 28", "excused_days = 400", r"<= 366 - at `\$\.excused_days`"),
        ('version = "2027-01"', 'version = "two words"', r"matching regex .* at `\$\.version`"),
        ("in_force = 2027-01-04", 'in_force = "soon"', r"at `\$\.in_force`"),
        ("behind = [{ from = 2", "late = [{ from = 2", r"Invalid enum value 'late'"),
        ("from = 2, points = 1", "from = 2, points = 21", r"<= 20 - at `\$\.signals\[\.\.\.\]\[0\]\.points`"),
        ("from = 2, points = 1", "from = -1, points = 1", r">= 0\.0 - at"),
        ("from = 2, points = 1", "from = 2, points = 1, more = 1", r"unknown field `more`"),
        ("watch = 2", "watch = 4", r"own\.toml: levels need more points from watch to at-risk to critical"),
        ("critical = 6", "critical = 4", r"own\.toml: levels need more points"),
        (
            "watch = 1, at-risk = 2",
            "watch = 3, at-risk = 2",
            r"own\.toml, provider provider-2: levels need more points",
        ),
        ("from = 2, points = 1", "within = 2, points = 1", r"own\.toml, signal behind: each step says `from`"),
        ("within = 28", "from = 28", r"own\.toml, signal deadline-near: each step says `within`"),
        ("within = 28, points", "within = 28, from = 1, points", r"signal deadline-near: each step says `within`"),
        ("from = 2, points = 1", "points = 1", r"signal behind: each step says `from` and `points`"),
        ("from = 4", "from = 2", r"own\.toml, signal behind: order the steps so that each is reached later"),
        ("from = 4", "from = 1", r"signal behind: order the steps"),
        ("within = 14", "within = 28", r"signal deadline-near: order the steps"),
        ("within = 14", "within = 56", r"signal deadline-near: order the steps"),
        ("{ from = 9,", "{ within = 9,", r"own\.toml, provider provider-3, signal behind: each step says `from`"),
        (
            "behind = [{ from = 2, points = 1 }, { from = 4, points = 3 }]",
            "pace-falling = [{ from = 0.5, points = 1 }, { from = 60, points = 3 }]",
            r"own\.toml, signal pace-falling: `from` is a ratio, 0 to 1; write 5 percent as 0\.05",
        ),
        ('id = "provider-3"', 'id = "provider-2"', r"own\.toml: a provider is there twice; keep one entry of each"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_and_the_remedy(old: str, new: str, message: str) -> None:
    """Every sentence names the file and what is wrong in it."""
    with pytest.raises(PolicyError, match=message) as caught:
        policy(old, new)

    assert str(caught.value).startswith("policy file own.toml")


def _version(name: str, in_force: date) -> Policy:
    return Policy(name, in_force, policy().default, {})


FIRST, SECOND = _version("first", date(2026, 1, 1)), _version("second", date(2026, 9, 1))


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2025, 12, 31), "first"),
        (date(2026, 1, 1), "first"),
        (date(2026, 8, 31), "first"),
        (date(2026, 9, 1), "second"),
        (date(2030, 1, 1), "second"),
    ],
)
def test_a_version_holds_from_its_day_on(day: date, version: str) -> None:
    """Until the day before the next one; before the first, the first."""
    assert Policies((FIRST, SECOND)).on(day).version == version


def test_versions_stand_in_the_order_of_their_days() -> None:
    """However they are added."""
    assert Policies((SECOND,)).extended([FIRST]).versions == (FIRST, SECOND)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (_version("first", date(2027, 1, 1)), "policy first is there twice; give one of the two files another version"),
        (_version("third", date(2026, 1, 1)), "both come into force on 2026-01-01; give one of them another day"),
    ],
)
def test_two_versions_cannot_be_the_same(more: Policy, message: str) -> None:
    """Neither by their name nor by their first day."""
    with pytest.raises(PolicyError, match=message):
        Policies((FIRST, SECOND)).extended([more])


def test_the_shipped_policy_is_sound() -> None:
    """It reads, is in force from ever on, and uses signals that exist."""
    [shipped] = shipped_policies().versions

    assert shipped.in_force <= date(2000, 1, 1)
    assert set(shipped.default.signals) <= set(SIGNALS)
    assert shipped_policies().on(date(2020, 1, 1)) is shipped


def test_every_signal_that_a_policy_can_use_has_a_meaning() -> None:
    """The codes of policies and the signals that are measured are the same."""
    assert set(SIGNALS) == set(MEANINGS)
    assert set(SIGNALS) > COUNTDOWNS | RATIOS
    assert all(MEANINGS[code].code == code for code in SIGNALS)


@pytest.mark.parametrize(
    ("code", "figure", "words"),
    [
        ("behind", 2.0, "2"),
        ("gate-out-of-reach", 1.875, "1.88"),
        ("work-missing", 0.07, "7 %"),
        ("pace-falling", 0.625, "62.5 %"),
        ("pace-falling", 1.0, "100 %"),
        ("deadline-near", -14.0, "14"),
    ],
)
def test_a_figure_is_read_in_the_unit_of_its_signal(code: SignalCode, figure: float, words: str) -> None:
    """Ratios are percent, and days that are left, which count below zero inside, are so many days."""
    assert figure_in_words(code, figure) == words


@pytest.mark.parametrize(
    ("code", "steps", "words"),
    [
        ("work-missing", (Step(at=0.05, points=2), Step(at=0.25, points=4)), "from 5 %: 2, from 25 %: 4"),
        ("deadline-near", (Step(within=28, points=2), Step(within=14, points=4)), "within 28: 2, within 14: 4"),
        ("silent", (), None),
        ("silent", None, None),
    ],
)
def test_steps_are_read_in_the_unit_of_their_signal(code: SignalCode, steps: tuple[Step, ...], words: str) -> None:
    """Each with its points; a signal that is not used has no words."""
    assert steps_in_words(code, steps) == words
