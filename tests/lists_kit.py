"""The days, the levels and the rows that tests of lists look at."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.builders import START

DAYS = [START.date() + timedelta(days=28 * number) for number in range(1, 7)]
FLAGGED = {"at-risk", "critical"}
LATE = START + timedelta(seconds=20)
"""When some of the runs had written and others had not."""

Row = Mapping[str, Any]
