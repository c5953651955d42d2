"""`engagement dashboard`: serves the pages and the API over what a worker keeps up to date."""

import sys
from typing import Annotated

from typer import Context, Option

from dashboard.addresses import require_safe
from engagement import output
from engagement.logs import configure_logs
from engagement.output import AsJson
from engagement.welcome import HOST, PORT, public_address
from engagement.wiring import Wiring

Host = Annotated[
    str, Option(help="Address to listen on; one that others reach needs https, see ENGAGEMENT_PUBLIC_URL.")
]
Port = Annotated[int, Option(min=1, max=65_535, help="Port of the dashboard.")]


def dashboard(context: Context, host: Host = HOST, port: Port = PORT, as_json: AsJson = False) -> None:
    """Serve the dashboard and the API, until stopped with Ctrl-C or SIGTERM.

    It reads what a worker writes, so a worker has to run as well; `engagement up` starts both. Any number of these may
    run beside each other on Kafka and PostgreSQL.
    """
    wiring: Wiring = context.obj
    settings = wiring.settings
    configure_logs(settings.log_format, verbose=False)
    from dashboard.serving import serve  # noqa: PLC0415 - the web framework is slow to load; few commands need it

    address = public_address(settings, host, port)
    require_safe(host, address)  # before anything is opened

    def tell(_: int) -> None:
        if as_json:
            output.json({"address": address})
        else:
            output.say(f"The dashboard answers at {address}")
        sys.stdout.flush()  # whoever started us may wait for it at the end of a pipe

    serve(
        wiring.dashboard_parts()._replace(public_url=address),
        host=host,
        port=port,
        trusted_proxies=[each for each in settings.trusted_proxies.split(",") if each],
        on_ready=tell,
    )
