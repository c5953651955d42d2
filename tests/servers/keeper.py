"""A process that keeps one server for a test run: started by whoever needs the server first, it ends with the run."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.kafka_server import KafkaNode, ports_of_node
from tests.servers.postgres_server import PostgresServer
from tests.servers.process import ServerFailedError, ServerMissingError, free_port
from tests.servers.run import Run


@contextmanager
def kafka(run: Run) -> Iterator[dict[str, Any]]:
    """A broker, and what its clients need to know."""
    with KafkaNode(run.folder / "kafka", [ports_of_node(run.ports)], secure=True, named=run.note) as node:
        yield {"servers": node.servers, "secure": node.security and node.security._asdict()}


@contextmanager
def postgres(run: Run) -> Iterator[dict[str, Any]]:
    """A PostgreSQL, and what its clients need to know."""
    with PostgresServer(run.folder / "postgres", free_port(run.ports), named=run.note) as server:
        yield {"url": server.url("").rstrip("/")}


def main(kind: str, folder: str) -> None:
    """Start the server, tell of it, and stop it when the run has ended."""
    run = Run(Path(folder))
    server = {"kafka": kafka, "postgres": postgres}[kind]
    with run.kept(kind):
        try:
            with server(run) as answer:
                run.tell(kind, answer)
                _say_that_it_is_told()
                run.wait_for_the_end()
        except ServerMissingError as error:
            run.tell(kind, {"missing": str(error)})
        except ServerFailedError as error:
            run.tell(kind, {"failed": str(error)})


def _say_that_it_is_told() -> None:
    """Close the pipe on which whoever started the keeper waits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    main(*sys.argv[1:])
