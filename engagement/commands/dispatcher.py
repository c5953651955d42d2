"""`engagement dispatcher`: tells delivery partners about alerts, and what was told to the log."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated

import structlog
from typer import Context, Option

from alerting.dispatcher import Dispatcher, Turn, keep_dispatching
from alerting.one_at_a_time import DispatcherRunningError, only_dispatcher
from engagement import output
from engagement.alert_parts import alert_place, dispatcher_parts
from engagement.dispatcher_watch import DispatcherWatch
from engagement.logs import configure_logs
from engagement.output import AsJson
from engagement.processes import until_told
from engagement.supervising import Pause
from engagement.wiring import Wiring
from stream_processors.day_clock import utc_now

_log = structlog.get_logger("engagement.alerts")


def dispatcher(
    context: Context,
    once: Annotated[bool, Option("--once", help="Do one turn, send all that is due, and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn decisions about risk into alerts and send them, until stopped with Ctrl-C or SIGTERM.

    While ENGAGEMENT_ALERTS is `dry-run`, as it is unless set to `on`, messages are composed and shown on the
    dashboard, and nothing leaves. One dispatcher works at a time; another one waits until its place is free.
    """
    wiring: Wiring = context.obj
    configure_logs(wiring.settings.log_format, verbose=False)
    if once:
        _once(wiring, as_json=as_json)
        return
    with until_told() as pause:
        _in_place(wiring, pause, lambda: _keep_on(wiring, pause))


def _once(wiring: Wiring, *, as_json: bool) -> None:
    with only_dispatcher(alert_place(wiring.settings)), dispatcher_parts(wiring) as parts, Dispatcher(parts) as one:
        turn = one.turn(utc_now)
    if as_json:
        output.json(turn)
    else:
        output.say(_told(turn, dry_run=wiring.settings.alerts == "dry-run"))


def _keep_on(wiring: Wiring, pause: Pause) -> None:
    settings = wiring.settings
    with dispatcher_parts(wiring) as parts, Dispatcher(parts) as one:
        watch = DispatcherWatch(parts.store, settings.alert_every)
        with watch.answering(settings.probe_host, settings.dispatcher_probe_port):
            _log.info("the dispatcher is at work", alerts=settings.alerts, every_seconds=settings.alert_every)
            keep_dispatching(one, utc_now, settings.alert_every, pause=pause, told=watch.note)


def _in_place(wiring: Wiring, pause: Pause, work: Callable[[], None]) -> None:
    """Work as the one dispatcher, as soon as there is no other, unless all is to stop before."""
    place, said = alert_place(wiring.settings), False
    while True:
        with ExitStack() as held:
            try:
                held.enter_context(only_dispatcher(place))
            except DispatcherRunningError as error:
                if not said:
                    _log.info("waiting until the other dispatcher ends", reason=str(error))
                said = True
            else:
                work()
                return
        if pause(wiring.settings.alert_every):
            return


def _told(turn: Turn, *, dry_run: bool) -> str:
    if dry_run:
        return (
            f"Read {turn.decisions:,} decisions and composed {turn.planned:,} messages; nothing was sent, because "
            "ENGAGEMENT_ALERTS is not `on`."
        )
    return (
        f"Read {turn.decisions:,} decisions and planned {turn.planned:,} messages; {turn.delivered:,} were delivered, "
        f"{turn.failed:,} wait to be tried again, {turn.dead:,} were given up."
    )
