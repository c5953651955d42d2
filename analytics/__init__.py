"""The questions of analysts over the whole history: DuckDB over the lake, models, questions, charts and exports."""

from analytics.connection import NoLakeError, connect
from analytics.models import need

__all__ = ["NoLakeError", "connect", "need"]
