"""Carries what became of enrolments into their alerts: who answered, who moved, was withdrawn, muted or erased.

Only enrolments with an open alert, and those whose withdrawal is recommended, are looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple

from msgspec import Struct, structs
from sqlalchemy import Connection, Select, select

from alerting import book, forgetting
from alerting.identity import alert_id
from alerting.model import OPEN, Alert, State
from alerting.policy import DEFAULT_POLICY, AlertPolicy
from alerting.raising import HIGHEST, reopened
from alerting.store import AlertStore
from learning.calendar import uk_day
from learning.flags import Stage
from learning.progress import NOBODY
from learning.standing import Status
from projections.schema import enrolment_progress, enrolment_risk
from projections.storage.paging import in_pages
from projections.store import Store

_ANSWERS: Final[Mapping[Stage, State]] = {
    "acknowledged": "acknowledged",
    "contacted": "contacted",
    "improving": "contacted",
    "withdrawal-recommended": "contacted",
    "withdrawal-objected": "contacted",
}
"""What people did about a flag, as the state of its alert."""

_ANSWERS_TO_WITHDRAWALS: Final = {"acknowledged", "contacted", "improving"}
_OVER: Final = {"withdrawn", "completed"}
_MOVES: Final = ("participant", "partner", "provider", "programme", "intake", "deadline")
"""What can become another one while an alert is open."""


class Current(Struct, frozen=True, kw_only=True):
    """An enrolment as the projections have it now."""

    enrolment: str
    participant: str
    partner: str
    provider: str
    programme: str
    intake: str
    deadline: date | None
    status: Status
    erased: bool
    muted_until: date | None
    contacted_at: datetime | None
    withdrawal: str | None
    withdrawal_at: datetime | None
    stage: Stage | None
    stage_since: datetime | None


class _Known(NamedTuple):
    """What the alert book says before."""

    to_follow: list[Alert]
    """Those that are open, and those that ended lately."""
    flagged: set[str]
    """The enrolments, of those that ended lately, that have a flag by their newest decision."""
    withdrawals: dict[str, Alert]
    """The latest alert of each recommended withdrawal, by enrolment."""


_progress, _risk = enrolment_progress.c, enrolment_risk.c
_columns = [(_risk if name.startswith("stage") else _progress)[name] for name in Current.__struct_fields__]
_currents: Select[Any] = select(*_columns).select_from(
    enrolment_progress.outerjoin(enrolment_risk, _progress.enrolment == _risk.enrolment)
)

_erased = select(_progress.enrolment).where(_progress.erased.is_(True))
_recommended = _currents.where(
    _progress.withdrawal == "recommended", _progress.erased.is_(False), _progress.status.not_in(_OVER)
)


def follow(store: AlertStore, projections: Store, now: datetime, policy: AlertPolicy = DEFAULT_POLICY) -> int:
    """Bring open alerts to where their enrolments stand, and make those of recommended withdrawals.

    Returns:
        How many alerts changed or are new.

    Raises:
        StoreError: The projections cannot be read.
        RegistryError: The alert book cannot be read or written.
    """
    with projections.connect() as connection:
        _forget(store, connection.scalars(_erased).all(), now)
        recommended = [Current(**row._asdict()) for row in connection.execute(_recommended)]
        with store.reading() as alerts:
            known = _known(alerts, recommended, now - policy.lapse)
        current = _current(connection, {alert.enrolment for alert in known.to_follow})
    changed: list[tuple[Alert | None, Alert]] = []
    for alert in known.to_follow:
        if (of := current.get(alert.enrolment)) is not None:
            after = followed(alert, of, now, flagged=alert.enrolment in known.flagged)
            changed += [(alert, after)] if after != alert else []
    for each in recommended:
        latest = known.withdrawals.get(each.enrolment)
        made = of_withdrawal(latest, each, now, policy)
        changed += [] if made is None else [(latest if latest and latest.id == made.id else None, made)]
    return _write(store, changed) if changed else 0


def followed(alert: Alert, current: Current, now: datetime, *, flagged: bool) -> Alert:
    """An alert as its enrolment stands now: with its partner of now, answered, muted, ended, or open as before.

    Args:
        alert: One that is open, or that ended so lately that its end is still told.
        current: Its enrolment.
        now: The moment.
        flagged: Whether the newest decision says that the enrolment has a flag.
    """
    moves = current.partner != alert.partner
    after = structs.replace(alert, **{name: getattr(current, name) for name in _MOVES})
    if moves:  # what another partner was told does not count
        after = structs.replace(after, told_at=None, last_told_at=None, escalations=0)
    state = _state(after, current, uk_day(now), flagged=flagged)
    if moves and state in {"held-back", "told"}:
        state = "waiting"
    if state == alert.state and not moves:
        return after
    over = state in {"resolved", "lapsed"}
    return structs.replace(
        after, state=state, state_since=now, resolved_on=(alert.resolved_on or uk_day(now)) if over else None
    )


def of_withdrawal(latest: Alert | None, current: Current, now: datetime, policy: AlertPolicy) -> Alert | None:
    """The alert of a recommended withdrawal, if it is new or open again; None: there is nothing to change.

    Args:
        latest: The latest alert about a withdrawal of the enrolment.
        current: The enrolment, of which a withdrawal is recommended.
        now: The moment.
        policy: The figures of alerting.
    """
    day = uk_day(current.withdrawal_at or now)
    made_id = alert_id(current.enrolment, "withdrawal", day.isoformat())
    if latest is not None and (latest.state in OPEN or (latest.id == made_id and latest.state == "lapsed")):
        return None
    if latest is not None and latest.id == made_id:
        return followed(reopened(latest, now), current, now, flagged=False)
    made = Alert(
        id=made_id,
        matter="withdrawal",
        enrolment=current.enrolment,
        level=HIGHEST,
        raised_on=day,
        noted_at=now,
        state="waiting",
        state_since=now,
        **{name: getattr(current, name) for name in _MOVES},
    )
    if uk_day(now) - day > policy.lapse:
        return structs.replace(made, state="lapsed")
    return followed(made, current, now, flagged=False)


def _forget(store: AlertStore, erased: Sequence[str], now: datetime) -> None:
    """Let go of whom was erased, also where a decision from before was read afterwards."""
    with store.reading() as connection:
        named = {each.enrolment for each in book.alerts(connection, enrolments=erased) if each.participant != NOBODY}
    if named:
        with store.writing() as connection:
            forgetting.forget(connection, named, now)


def _write(store: AlertStore, changed: Sequence[tuple[Alert | None, Alert]]) -> int:
    """Write alerts that nobody else has changed meanwhile, as erasing somebody does; the next turn looks again."""
    with store.writing() as connection:
        there = {each.id: each for each in book.alerts(connection, ids=[after.id for _, after in changed])}
        same = [after for before, after in changed if there.get(after.id) == before]
        book.put_alerts(connection, same)
    return len(same)


def _known(connection: Connection, recommended: Sequence[Current], since: datetime) -> _Known:
    ended = book.alerts(connection, states=["resolved"], since=since)
    newest = book.decisions(connection, {alert.enrolment for alert in ended if alert.matter == "flag"})
    about = book.alerts(connection, enrolments=[each.enrolment for each in recommended])
    withdrawals = sorted((each for each in about if each.matter == "withdrawal"), key=attrgetter("raised_on", "id"))
    return _Known(
        to_follow=[*book.alerts(connection, states=OPEN), *ended],
        flagged={enrolment for enrolment, decision in newest.items() if decision.flagged},
        withdrawals={alert.enrolment: alert for alert in withdrawals},
    )


def _current(connection: Connection, enrolments: Iterable[str]) -> dict[str, Current]:
    found = {}
    for some in in_pages(enrolments):
        for row in connection.execute(_currents.where(_progress.enrolment.in_(some))):
            found[row.enrolment] = Current(**row._asdict())
    return found


def _state(alert: Alert, current: Current, today: date, *, flagged: bool) -> State:
    if current.erased:
        return "lapsed"
    stays_ended = alert.state == "resolved" and (alert.matter == "withdrawal" or not flagged)
    if stays_ended or _is_over(alert, current):
        return "resolved"
    if current.muted_until is not None and current.muted_until >= today:
        return "muted"
    if alert.state in {"waiting", "held-back", "told"}:
        return _answer(alert, current) or alert.state
    return _answer(alert, current) or ("waiting" if alert.told_at is None else "told")


def _is_over(alert: Alert, current: Current) -> bool:
    """Whether there is nobody to chase any more; a withdrawal waits for its decision through a pause, too."""
    if alert.matter == "withdrawal":
        return current.withdrawal != "recommended" or current.status in _OVER
    return current.status != "active"


def _answer(alert: Alert, current: Current) -> State | None:
    """What somebody did about what the alert is about, since it is so."""
    done = None if current.stage is None or current.stage_since is None else _ANSWERS.get(current.stage)
    if alert.matter == "flag":
        asked = max(alert.raised_on, alert.risen_on or alert.raised_on)
        return done if current.stage_since is not None and uk_day(current.stage_since) >= asked else None
    recommended = current.withdrawal_at
    if recommended is None:
        return None
    if current.stage in _ANSWERS_TO_WITHDRAWALS and current.stage_since and current.stage_since > recommended:
        return done
    return "contacted" if current.contacted_at is not None and current.contacted_at > recommended else None
