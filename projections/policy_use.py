"""Which versions of the risk policy decisions were made by."""

from sqlalchemy import Connection, select

from projections.schema import checkpoint, risk_history


def was_used(connection: Connection, version: str) -> bool:
    """Whether a day was decided by this version, as far as anything was to be noted on it, or the latest day was."""
    policies = (table.c.policy for table in (checkpoint, risk_history))
    return any(connection.scalar(select(each).where(each == version).limit(1)) for each in policies)
