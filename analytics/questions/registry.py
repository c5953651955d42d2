"""Which questions there are, what each answers and what it takes; none is loaded before it is asked."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, NamedTuple

from analytics.answer import Answer

BY: Final = ("programme", "intake", "partner")
"""What groups can be told apart by."""

MEASURES: Final = ("withdrawn", "gate", "at-risk")
"""What delivery partners can be compared by."""


class Question(NamedTuple):
    """A question that can be asked by its name."""

    name: str
    purpose: str
    """What it answers, in one sentence."""
    options: tuple[str, ...] = ()
    """Keywords of its function besides the filters."""
    needs_curriculum: bool = False
    """Whether its function takes the programmes as the keyword `curriculum`."""

    def load(self) -> Callable[..., Answer]:
        """The function that answers it: it takes a connection, filters and the options as keywords."""
        module = self.name.replace("-", "_")
        answer: Callable[..., Answer] = getattr(import_module(f"analytics.questions.{module}"), module)
        return answer


_ALL: Final = (
    Question(
        "completion-curve",
        "How far are participants at the end of each study week, beside the plan and the gate?",
        ("by",),
    ),
    Question(
        "completion-trend",
        "How has completion moved between two dates, for the same people throughout?",
        ("since", "until"),
    ),
    Question("where-they-stop", "After which component of a programme do participants stop?"),
    Question("survival", "How long do participants stay, and do two groups differ in that?", ("by", "compare")),
    Question(
        "retention",
        "Which share is retained, as DfE defines it and by other measures?",
        ("declarations",),
        needs_curriculum=True,
    ),
    Question("partners", "Which delivery partners differ from the others by more than chance?", ("measure",)),
    Question(
        "milestones",
        "How many of the declarations that DfE counts on have evidence in time, by milestone?",
        needs_curriculum=True,
    ),
    Question(
        "gate-forecast", "Who will reach the gate by the deadline, and how right was that forecast before?", ("by",)
    ),
    Question("attendance", "Who comes to live sessions, by kind of session, weekday and delivery partner?"),
    Question("flag-response", "How soon is somebody contacted after a flag, and do they come back?"),
    Question("alert-response", "What follows alerts: are they acknowledged, is contact made, do people come back?"),
    Question("timeliness", "How many days after a session does its register come, by delivery partner?"),
)

QUESTIONS: Final[Mapping[str, Question]] = MappingProxyType({each.name: each for each in _ALL})
"""Every question by its name, in the order in which they are listed."""
