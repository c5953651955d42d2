"""The command line, `engagement` or `python -m engagement`: what every command shares, and which commands there are."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from typer import Context, Exit, Option, Typer

from engagement.commands import (
    access,
    alerts,
    analyse,
    at_risk,
    cohorts,
    dashboard,
    declarations,
    demo,
    dispatcher,
    explain,
    flags,
    imports,
    lake,
    log_transfer,
    partners,
    people,
    policy,
    programmes,
    query,
    rejects,
    show,
    status,
    topics,
    up,
    upkeep,
    withdrawals,
    worker,
)
from engagement.plain_errors import PlainErrors
from engagement.processes import end_with_supervisor
from engagement.settings import load_settings
from engagement.wiring import Wiring

app = Typer(
    cls=PlainErrors,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"engagement {version('engagement')}")  # noqa: T201 - the one line that --version is for
        raise Exit


@app.callback()
def engagement(
    context: Context,
    data_dir: Annotated[
        Path | None,
        Option(help="Folder of log and projections. Default: ENGAGEMENT_DATA_DIR, else data.", show_default=False),
    ] = None,
    _version: Annotated[
        bool, Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Live completion and engagement of participants on National Professional Qualifications.

    Data goes to standard output, messages go to standard error. Exit codes: 0 done, 1 it could not be done,
    2 the command line or a setting is wrong.
    """
    context.obj = Wiring(load_settings(data_dir))


app.command()(demo.demo)
app.add_typer(imports.app, name="import")
app.command()(up.up)
app.command()(worker.worker)
app.command()(dashboard.dashboard)
app.command()(dispatcher.dispatcher)
app.command()(status.status)
app.command()(show.show)
app.command()(cohorts.cohort)
app.add_typer(partners.app, name="partners")
app.command()(at_risk.at_risk)
app.command()(explain.explain)
app.add_typer(flags.app, name="flag")
app.add_typer(alerts.app, name="alerts")
app.add_typer(policy.app, name="policy")
app.add_typer(declarations.app, name="declarations")
app.add_typer(withdrawals.app, name="withdrawals")
app.add_typer(programmes.app, name="programmes")
app.command()(analyse.analyse)
app.command()(query.query)
app.command()(query.sql)
app.add_typer(access.app, name="access")
app.add_typer(people.app, name="people")
app.add_typer(rejects.app, name="rejects")
app.add_typer(topics.app, name="topics")
app.add_typer(lake.app, name="lake")
app.command()(upkeep.rebuild)
app.command()(upkeep.verify)
app.command()(log_transfer.export_log)
app.command()(log_transfer.import_log)


def main() -> None:
    """Run the command line; where standard output or standard error was closed, what it says goes nowhere."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115, PTH123 - open as long as the program runs
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115, PTH123 - as above
    end_with_supervisor()
    app(prog_name="engagement")


if __name__ == "__main__":
    main()
