"""Flags of people at risk, made up, since beside the facts of the bench there are no projections to raise any."""

from pathlib import Path
from typing import Final

import duckdb
import pandas as pd

from eventlog.lake.lake import relation

_DECISIONS: Final = """
    WITH enrolled AS (
        SELECT enrolment, hash(enrolment) AS chance, min(happened_at)::DATE AS day FROM {facts}
        WHERE type = 'learning.enrolled.v1' GROUP BY enrolment
    ),
    contacted AS (
        SELECT enrolment, min(happened_at)::DATE AS day FROM {facts}
        WHERE type = 'learning.contact-made.v1' GROUP BY enrolment
    ),
    flagged AS (
        SELECT enrolment, chance // 100 AS chance,
            coalesce(contacted.day - (chance % 14)::INTEGER, enrolled.day + 60 + (chance % 200)::INTEGER) AS day
        FROM enrolled LEFT JOIN contacted USING (enrolment)
        WHERE contacted.day IS NOT NULL OR chance // 1000 % 10 = 0
    ),
    decided AS (
        SELECT enrolment, day, 'at-risk' AS level, 'on-track' AS previous_level, 'raised' AS change FROM flagged
        UNION ALL
        SELECT enrolment, day + 7, 'critical', 'at-risk', 'changed' FROM flagged WHERE chance % 3 = 0
        UNION ALL
        SELECT enrolment, day + 20, 'on-track', 'at-risk', 'cleared' FROM flagged WHERE chance % 2 = 0
        UNION ALL
        SELECT enrolment, day + 41, 'at-risk', 'on-track', 'raised' FROM flagged WHERE chance % 4 = 0
    )
    SELECT enrolment, day, level, previous_level, change FROM decided
    WHERE day <= (SELECT max(day) FROM {facts})
    ORDER BY enrolment, day
"""


def decisions(files: list[Path]) -> pd.DataFrame:
    """Decisions of which all contenders are told, always the same for the same facts.

    Everybody who was contacted was flagged within the two weeks before, and a tenth of the others at some time. A half
    of the flags is cleared, and a half of these raised anew. Columns are those of `analytics.decisions.decisions_of`.
    """
    with duckdb.connect() as connection:
        return connection.execute(_DECISIONS.format(facts=relation(files))).df()
