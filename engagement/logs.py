"""Sends the log lines of every part to standard error, for people or as JSON, and keeps the libraries quiet."""

import logging
import os
import sys
from typing import Any, Literal, TextIO

import structlog


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to standard error as it is at the moment, so that a progress bar can move out of the way."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self.stream = sys.stderr
        super().emit(record)


def configure_logs(form: Literal["console", "json"], *, verbose: bool) -> None:
    """Set up logging for the life of a worker.

    Args:
        form: `console` for people, `json` for tools: one object a line.
        verbose: Whether Faust and its libraries may tell what they do, not only warn.
    """
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(form)],
        )
    )
    if not verbose:
        handler.addFilter(_is_ours_or_a_warning)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _is_ours_or_a_warning(record: logging.LogRecord) -> bool:
    """Whether a line comes through structlog or warns: Faust tells its steps under the names of our own modules."""
    return isinstance(record.msg, dict) or record.levelno >= logging.WARNING


def _renderers(form: Literal["console", "json"]) -> list[Any]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    colours = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    # A traceback with the values of all variables would show people's rows and fill the screen.
    return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]
