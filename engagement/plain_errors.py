"""How a command ends when it cannot do its work: one sentence on standard error and an exit code, never a traceback.

Exit codes: 0 done, 1 it could not be done, 2 the command line or a setting is wrong, 130 stopped by Ctrl-C.
"""

import errno
import os
import sys
from typing import Any

from typer import Exit
from typer.core import TyperGroup

from engagement.output import complain
from engagement.settings import SettingsError
from learning.errors import EngagementError

FAILED = 1
MISUSED = 2


class PlainErrors(TyperGroup):
    """The group of all commands; errors that a person can mend become one sentence."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except SettingsError as error:
            complain(str(error))
            raise Exit(MISUSED) from error
        except EngagementError as error:
            complain(str(error))
            raise Exit(FAILED) from error
        except OSError as error:
            if error.errno == errno.EPIPE:
                _leave_the_pipe()
                raise Exit(0) from error
            complain(_what_failed(error))
            raise Exit(FAILED) from error
        return result


def _what_failed(error: OSError) -> str:
    if error.filename is None:
        return f"the system could not read or write: {error.strerror or error}; put that right and run this again"
    return f"{error.filename}: {error.strerror or error}; check the path and its permissions"


def _leave_the_pipe() -> None:
    """Whoever read our output has had enough, as `head` has; what is still in the buffer must not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
