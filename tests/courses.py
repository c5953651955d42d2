"""The small course again under every completion rule, without an assessment, and in school terms."""

from collections.abc import Iterable
from datetime import date

from learning.catalogue import parse
from learning.events import Fact
from learning.measures import Progress, measure
from learning.progress import fold_all
from tests.builders import SMALL, SMALL_FILE

_RULES = """
provider = "Provider 1"
generation = "2025"
calendar = "continuous"
completion = { threshold = 0.9 }

[assessment]
attempts = 2
window_days = 8

[[outline]]
name = "course"
months = 6
components = [
  { kind = "module", weeks = [1, 2, 3, 4, 5, 6, 7, 8] },
  { kind = "clinic", weeks = [4, 8], weight = 4 },
  { kind = "case-study", week = 20, counts = false },
]

[[programme]]
code = "weighted"
title = "Eight modules of 1 and two clinics of 4: 16 points"
outline = "course"
completion = { threshold = 0.75, measure = "weighted" }

[[programme]]
code = "shares"
title = "Half for the two clinics, half for the eight modules: 16 points"
outline = "course"

[programme.completion]
threshold = 0.75
measure = "shares"
groups = [{ name = "live", kinds = ["clinic"], share = 0.5 }, { name = "study", kinds = ["module"], share = 0.5 }]

[[programme]]
code = "each-group"
title = "Half of the clinics and half of the modules"
outline = "course"

[programme.completion]
threshold = 0.5
each_group = true
groups = [{ name = "live", kinds = ["clinic"] }, { name = "study", kinds = ["module"] }]

[[programme]]
code = "open"
title = "Nothing is assessed"
outline = "course"
assessed = false
"""

_INTAKES = SMALL_FILE[SMALL_FILE.index("[[intake]]") :]

_TERMS = SMALL_FILE.replace('"continuous"', '"school-terms"').replace("week = 20", "week = 16")
"""In the autumn intake, half-term is the week between study weeks 7 and 8: 27 October to 2 November 2025."""

COURSES = SMALL.extended([parse(_RULES + _INTAKES, "rules"), parse(_TERMS, "terms")])

PROGRAMMES = (
    "small/course",
    "terms/course",
    "rules/weighted",
    "rules/shares",
    "rules/each-group",
    "rules/open",
)


def measured(facts: Iterable[Fact], day: date | None = None) -> Progress:
    """What these facts of one enrolment amount to."""
    progress = measure(fold_all(facts), COURSES, day)
    assert progress is not None
    return progress
