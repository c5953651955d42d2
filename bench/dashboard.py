"""What people wait for at the dashboard while the pipeline is busy: pages, and facts on their way to the screen.

So many enrolments stand in a data folder. A worker and a dashboard run as `engagement up` runs them, and facts come in
at a steady rate. Meanwhile staff ask for the overview and the at-risk list, a number of pages are open and follow the
live stream, and contacts are noted one by one, each timed from when the log has it until a page shows it.

Everything, the askers too, shares this machine's processors; the seconds are for orientation, for machines differ.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.dashboard_askers import Askers
from bench.dashboard_site import key, make, publish_steadily
from dashboard.addresses import listening
from engagement.settings import load_settings
from engagement.wiring import Wiring


def run(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """The figures of one run over a data folder."""
    wiring = Wiring(load_settings(folder))
    enrolments = make(wiring, given.enrolments)
    secret = key(wiring)
    with (
        _part(folder, "worker"),
        _part(folder, "dashboard", "--port", str(port := _free_port()), "--json") as dashboard,
    ):
        if dashboard.stdout is None or not dashboard.stdout.readline():
            raise SystemExit("the dashboard did not start; see dashboard.txt in its folder")
        with publish_steadily(wiring, enrolments, given.facts_per_second) as published:
            askers = Askers(f"http://127.0.0.1:{port}", secret, wiring, enrolments)
            figures = asyncio.run(askers.measure(given.seconds, given.streams))
        return {
            "enrolments": len(enrolments),
            "facts_per_s": round(published.per_second()),
            **figures,
            "dashboard_peak_mb": _peak_mb(dashboard.pid),
        }


def _free_port() -> int:
    with listening("127.0.0.1", 0) as found:
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _part(folder: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    environment = {**os.environ, "ENGAGEMENT_DAY_CLOCK": "false", "ENGAGEMENT_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "engagement", "--data-dir", str(folder), *arguments]
    with (folder / f"{arguments[0]}.txt").open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=said, text=True)  # noqa: S603 - our own program
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _peak_mb(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return round(int(line.split()[1]) / 1024)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enrolments", type=int, default=50_000, help="active enrolments")
    parser.add_argument("--facts-per-second", type=int, default=1_000)
    parser.add_argument("--streams", type=int, default=200, help="pages that follow the live stream")
    parser.add_argument("--seconds", type=int, default=60, help="how long is measured")
    parser.add_argument("--json", action="store_true", help="for programs")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="dashboard-") as folder:
        figures = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **run(Path(folder), given)}
    print(json.dumps(figures, indent=None if given.json else 2))


if __name__ == "__main__":
    main()
