"""Whom the at-risk register does not name though somebody may want to know: on watch, or silent for long.

The points of a long silence fall in the policy, because calling again seldom brings anybody back: what is needed then
is a decision. Only what is asked for is read, since a register has a hundred thousand rows.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from learning.policy import Policies, Rules
from projections.enrolment_risk import decode_reasons
from projections.schema import checkpoint, enrolment_progress, enrolment_risk, enrolment_state
from projections.storage.byte_search import contains

_table = enrolment_risk.c
_progress = enrolment_progress.c
_joined = enrolment_risk.join(enrolment_progress, _table.enrolment == _progress.enrolment)
_NAMES_SILENCE = b'"signal":"silent"'


def on_watch(connection: Connection, filters: Mapping[str, str]) -> int:
    """How many active enrolments are on watch. `filters` names columns of the progress and the value each must have."""
    query = select(func.count()).select_from(enrolment_progress).where(_progress.level == "watch", *_active(filters))
    return int(connection.scalar(query) or 0)


def long_silent(connection: Connection, policies: Policies, filters: Mapping[str, str]) -> list[str]:
    """The active enrolments, by id, whose silence is so long that the policy gives fewer points for it than before."""
    joined = _joined.join(enrolment_state, enrolment_state.c.enrolment == _table.enrolment).join(
        checkpoint, checkpoint.c.partition == enrolment_state.c.home
    )
    query = (
        select(_table.enrolment, _table.reasons, _progress.provider, checkpoint.c.day)
        .select_from(joined)
        .where(contains(_table.reasons, _NAMES_SILENCE), _progress.erased.is_(False), *_active(filters))
        .order_by(_table.enrolment)
    )
    found = []
    for enrolment, reasons, provider, day in connection.execute(query):
        long = long_silence(policies.on(day).rules(provider))
        figures = (reason.figure for reason in decode_reasons(reasons) if reason.signal == "silent")
        if long is not None and any(figure >= long for figure in figures):
            found.append(enrolment)
    return found


def long_silence(rules: Rules) -> float | None:
    """The first figure of silence (study weeks) at which its points fall; None where they never do."""
    steps = rules.signals.get("silent", ())
    return next((later.threshold for step, later in pairwise(steps) if later.points < step.points), None)


def _active(filters: Mapping[str, str]) -> tuple[ColumnElement[Any], ...]:
    return (_progress.status == "active", *(_progress[name] == value for name, value in filters.items()))
