"""`engagement up`: everything that is needed on one machine, started and looked after by one command."""

import sys

import structlog
from typer import Context

from dashboard.addresses import is_loopback, listening, require_safe
from engagement import output
from engagement.commands.dashboard import Host, Port
from engagement.logs import configure_logs
from engagement.output import AsJson
from engagement.parts import dashboard_part, dispatcher_part, worker_part
from engagement.processes import PartProcess, labelled, until_told
from engagement.supervising import Part, Supervisor
from engagement.welcome import HOST, PORT, how_to_get_in, public_address, sign_in_link
from engagement.wiring import Wiring
from eventlog.locks import WorkerRunningError
from stream_processors.day_clock import utc_now

_log = structlog.get_logger("engagement.up")


def up(context: Context, host: Host = HOST, port: Port = PORT, as_json: AsJson = False) -> None:
    """Run a worker, the dashboard and the dispatcher of alerts, until stopped with Ctrl-C or SIGTERM.

    A part that dies is started again. The log and the projections are files in the data folder, or, as the settings
    say, Kafka and PostgreSQL.
    """
    wiring: Wiring = context.obj
    settings = wiring.settings
    configure_logs(settings.log_format, verbose=False)
    address = public_address(settings, host, port)
    _require_room(wiring, host, port, address)

    def launch(part: Part) -> PartProcess:
        def tell(name: str, line: str) -> None:
            _show(labelled(name, line, settings.log_format))

        # Links in messages lead to this dashboard.
        return PartProcess(part, settings.data_dir, tell, environment={"ENGAGEMENT_PUBLIC_URL": address})

    with until_told() as pause, Supervisor(launch) as supervisor:
        for part in (worker_part(wiring), dashboard_part(host, port), dispatcher_part()):
            if not supervisor.bring_up(part, pause):
                return
        _welcome(wiring, host, address, as_json=as_json)
        supervisor.keep(pause)
        _log.info("stopping")


def _require_room(wiring: Wiring, host: str, port: int, address: str) -> None:
    """Find out at once what would keep a part from starting."""
    require_safe(host, address)
    with listening(host, port):
        pass
    if not wiring.settings.broker and wiring.worker_runs():
        raise WorkerRunningError(
            f"a worker is running in {wiring.settings.data_dir} already; stop it, or start only the other part with "
            "`engagement dashboard`"
        )


def _show(line: str) -> None:
    sys.stderr.write(f"{line}\n")  # at once, so that lines of two parts do not mix


def _welcome(wiring: Wiring, host: str, address: str, *, as_json: bool) -> None:
    """Say where to look and how to get in; a secret only to somebody who sits at this machine."""
    settings = wiring.settings
    if as_json:
        output.json({"address": address})
        sys.stdout.flush()
    if settings.log_format == "json":
        _log.info("everything runs", address=address, next=how_to_get_in(wiring))
        return
    output.say(f"Everything runs. The dashboard answers at {address}")
    if sys.stderr.isatty() and is_loopback(host) and settings.database is None:
        output.say(f"This link signs you in, once, within a day:\n  {sign_in_link(wiring, address, utc_now())}")
    elif how := how_to_get_in(wiring):
        output.say(how)
    output.say("Ctrl-C stops everything.")
