"""Analysts' questions, for programs: answered over all that ever happened, small groups hidden as in every export."""

from datetime import date, datetime
from io import StringIO
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field

from analytics.answer import Answer
from analytics.exports import export
from analytics.filters import Filters
from analytics.questions.registry import QUESTIONS, Question
from analytics.suppression import MARK
from dashboard.api.answering import CSV, answer, answer_list, headers_of, wants_csv
from dashboard.api.asking import Form, FormQuery, Where
from dashboard.api.finding import note_list
from dashboard.api.models import Listed, Told
from dashboard.asking import Asking, Wish
from dashboard.problems import ForbiddenError, NotReadyError, NotThereError, UnfitError
from dashboard.rules import SignedIn
from dashboard.visitors import Visitor, parts_of
from learning.calendar import uk_day

router = APIRouter(tags=["Questions"])


class QuestionTold(Told):
    """A question that can be asked."""

    name: str
    """Its name."""
    purpose: str
    """What it answers."""
    options: list[str]
    """Parameters that it takes besides filters."""


class QuestionAnswer(Told):
    """The answer to a question. Rows about fewer than five people are emptied, and marked in `suppressed`."""

    question: str
    """The name of the question."""
    finding: str | None
    """The figure that matters, in a sentence; null where rows had to be emptied."""
    columns: dict[str, str]
    """What each column of the rows means."""
    notes: list[str]
    """What to know before the figures are used."""
    made_at: datetime
    """When the answer was made; it is kept for some minutes."""
    data: list[dict[str, Any]]
    """One row a group or step. Ratios lie between 0 and 1."""


_Group = Annotated[str, Field(max_length=256)]
_EARLIEST: Final = date(2000, 1, 1)


class Asked(Form, Where):
    """About whom a question is, and how groups are told apart."""

    cohort: str | None = Field(None, alias="filter[cohort]", max_length=256)
    """Only of this cohort of DfE's, such as `2025a`."""
    by: Literal["programme", "intake", "partner"] | None = None
    """Tell groups apart by this, where the question takes it."""
    measure: Literal["withdrawn", "gate", "at-risk"] | None = None
    """Compare delivery partners by this, where the question takes it."""
    compare: list[_Group] = Field([], max_length=2)
    """Only these two groups of `by`, tested for a difference, where the question takes it: named twice, such as
    `compare=2024-autumn&compare=2025-autumn`."""
    since: date | None = Field(None, ge=_EARLIEST)
    """The first day of the trend, where the question takes it."""
    until: date | None = Field(None, ge=_EARLIEST)
    """The last day of the trend, where the question takes it."""

    def options(self) -> dict[str, Any]:
        """What is asked for besides filters, as keywords of the question's function.

        Raises:
            UnfitError: They do not go together.
        """
        given = {name: value for name in _OPTIONS if (value := getattr(self, name)) not in (None, [])}
        if self.compare:
            if self.by is None:
                raise UnfitError("Say with `by` what the two groups of `compare` are.")
            if len(set(self.compare)) != 2:  # noqa: PLR2004 - a comparison is of two
                raise UnfitError("Name two groups with `compare`.")
            given["compare"] = tuple(self.compare)
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise UnfitError("The first day of a trend, `since`, has to lie before the last one, `until`.")
        return given


_OPTIONS = ("by", "measure", "compare", "since", "until")


@router.get("/questions", response_model=Listed[QuestionTold], summary="Questions that can be asked")
def questions(request: Request, asked: FormQuery, _: SignedIn) -> Response:
    """Every question with what it answers."""
    rows = (
        {"name": each.name, "purpose": each.purpose, "options": [name for name in each.options if name in _OPTIONS]}
        for each in QUESTIONS.values()
    )
    return answer_list(request, asked, QuestionTold, rows)


@router.get("/questions/{question}", response_model=QuestionAnswer, summary="The answer to a question")
def question(
    request: Request,
    question: Annotated[str, Path(description="Its name, as `/questions` lists it.", max_length=100)],
    asked: Annotated[Asked, Query()],
    visitor: SignedIn,
) -> Response:
    """The latest answer there is. One that has to be worked out first is answered with 503: ask again, it is coming."""
    known = _question(visitor, question)
    wish = Wish(question, _filters(visitor, asked), _options(known, asked, uk_day(parts_of(request).now())))
    asking: Asking = request.app.state.asking
    [found] = asking.ask(wish)
    if found.answer is None or found.made_at is None:
        raise NotReadyError(found.why or "The answer is being worked out. Ask again in a few seconds.")
    if wants_csv(request, asked):
        text, shown = _exported(found.answer, "csv")
        note_list(request, visitor, asked, len(shown.frame))
        named = {"Content-Disposition": f'attachment; filename="{question}.csv"'}
        return Response(text, headers={**headers_of(request), **named}, media_type=f"{CSV}; charset=utf-8")
    text, shown = _exported(found.answer, "json")
    hidden = MARK in shown.frame and bool(shown.frame[MARK].any())
    told = QuestionAnswer(
        question=question,
        finding=None if hidden else shown.finding,
        columns=shown.columns,
        notes=list(shown.notes),
        made_at=found.made_at,
        data=msgspec.json.decode(text),
    )
    return answer(request, told)


def _exported(found: Answer, form: Literal["csv", "json"]) -> tuple[str, Answer]:
    text = StringIO()
    shown = export(found, form, text)
    return text.getvalue(), shown


def _question(visitor: Visitor, name: str) -> Question:
    if name not in QUESTIONS:
        raise NotThereError("There is no such question; `/api/v1/questions` lists them.")
    if name == "partners" and visitor.partner is not None:
        raise ForbiddenError("This question compares delivery partners, and your account sees one.")
    return QUESTIONS[name]


def _filters(visitor: Visitor, asked: Asked) -> Filters:
    places = asked.places(visitor)
    if places is None:  # nobody has an empty id, so there is nobody to count
        return Filters(partner="")
    return Filters(**places, cohort=asked.cohort)


def _options(question: Question, asked: Asked, today: date) -> tuple[tuple[str, Any], ...]:
    given = asked.options()
    for name, value in given.items():
        if name not in question.options:
            raise UnfitError(f"The question {question.name} does not take `{name}`.")
        if isinstance(value, date) and value > today:
            raise UnfitError(f"`{name}` lies in the future; choose a day up to today.")
    return tuple(given.items())
