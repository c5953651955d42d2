"""What the projections decided about risk, day by day, as a frame that models are laid over."""

from pathlib import Path
from typing import Final

import pandas as pd
from sqlalchemy import select

from projections.live import LiveProjections
from projections.schema import risk_history
from projections.store import Store

COLUMNS: Final = ("enrolment", "day", "level", "previous_level", "change")


def decisions_of(store: Store) -> pd.DataFrame:
    """Every decision about risk that a store has, with the columns of the model `fact_decision`."""
    with store.connect() as connection:
        rows = connection.execute(select(*(risk_history.c[name] for name in COLUMNS))).all()
    return pd.DataFrame([tuple(row) for row in rows], columns=list(COLUMNS))


def live_decisions(data_dir: Path) -> pd.DataFrame | None:
    """The decisions of the projections in a data folder; None where there are none, as with a database.

    Raises:
        StoreError: The projections were written by another version of this program.
    """
    with LiveProjections(data_dir / "projections") as projections:
        if not projections.exists():
            return None
        with projections.open() as store:
            return decisions_of(store)
