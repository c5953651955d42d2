"""The part of a demonstration that people watch: the dashboard runs, and a simulated day comes every few seconds."""

from datetime import timedelta

from dashboard.addresses import listening
from engagement import output
from engagement.demo_alerts import DemoAlerts
from engagement.demonstration import LIVE_FROM, UNTIL, Demonstration
from engagement.parts import dashboard_part
from engagement.processes import until_told
from engagement.supervising import Pause
from engagement.welcome import HOST, public_address, sign_in_link
from engagement.wiring import Wiring
from stream_processors.day_clock import utc_now


def require_room(port: int) -> None:
    """Find out before anything else whether the dashboard will be able to listen.

    Raises:
        AddressError: It will not.
    """
    with listening(HOST, port):
        pass


def go_on(demonstration: Demonstration, wiring: Wiring, alerts: DemoAlerts, *, port: int, every: float) -> None:
    """Serve the dashboard and publish the rest of the simulation, until Ctrl-C or SIGTERM.

    Args:
        demonstration: Has published all up to the day before `LIVE_FROM`.
        wiring: Of its folder.
        alerts: Tell partners, day by day.
        port: Where the dashboard listens.
        every: Seconds from one simulated day to the next.

    Raises:
        PartFailedError: The worker or the dashboard cannot run.
    """
    with until_told() as pause:
        if not demonstration.supervisor.bring_up(dashboard_part(HOST, port), pause):
            return
        address = public_address(wiring.settings, HOST, port)
        output.say(
            f"\nThe dashboard answers at {address}, and the cohorts go on: a day every {every:g} s.\n"
            f"This link signs you in, once:\n  {sign_in_link(wiring, address, utc_now())}\n"
            "Everybody you see is invented. Ctrl-C stops everything."
        )
        _publish_days(demonstration, alerts, pause, every)
        output.say("Stopping ...")


def _publish_days(demonstration: Demonstration, alerts: DemoAlerts, pause: Pause, every: float) -> None:
    day = LIVE_FROM
    while day <= UNTIL:
        if not demonstration.supervisor.keep(pause, every):
            return
        turn = alerts.tell(day - timedelta(days=1))  # what that day brought is processed by now
        facts = demonstration.publish_day(day)
        told = f", {turn.delivered:,} messages to partners the day before" if turn.delivered else ""
        output.say(f"Simulated day {day:%a %d %b %Y}: {facts:,} facts{told}")
        day += timedelta(days=1)
    output.say("The simulation is at its end; the dashboard stays until Ctrl-C.")
    demonstration.supervisor.keep(pause)
