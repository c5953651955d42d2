"""The signals of risk: what each measures on a view, the sentence it says, and what would clear it."""

from learning.signals.base import Inputs, Signal
from learning.signals.dates import DEADLINE_NEAR, MILESTONE_NEAR, WINDOW_OPEN
from learning.signals.marks import LAST_MARK, LOW_MARKS
from learning.signals.pace import BEHIND, GATE_OUT_OF_REACH, PACE_FALLING, WORK_MISSING
from learning.signals.presence import NEVER_STARTED, SESSIONS_MISSED, SESSIONS_MISSED_LATELY, SILENT

__all__ = ["SIGNALS", "Inputs", "Signal"]

SIGNALS = {
    signal.code: signal
    for signal in (
        NEVER_STARTED,
        SILENT,
        WORK_MISSING,
        BEHIND,
        PACE_FALLING,
        SESSIONS_MISSED,
        SESSIONS_MISSED_LATELY,
        LAST_MARK,
        LOW_MARKS,
        GATE_OUT_OF_REACH,
        MILESTONE_NEAR,
        WINDOW_OPEN,
        DEADLINE_NEAR,
    )
}
"""Every signal, by its code in policy files."""
