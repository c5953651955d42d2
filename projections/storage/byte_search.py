"""Looks for bytes within bytes, which the databases call by different names."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, LargeBinary, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class contains(FunctionElement[bool]):  # noqa: N801 - reads as a function of the database
    """Whether a column of bytes contains some."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[bytes], wanted: bytes) -> None:
        """Look for `wanted` in `column`."""
        super().__init__(column, literal(wanted, LargeBinary))


@compiles(contains)
def _in_sqlite(element: contains, compiler: SQLCompiler, **options: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **options)}) > 0)"


@compiles(contains, "postgresql")
def _in_postgresql(element: contains, compiler: SQLCompiler, **options: Any) -> str:
    column, wanted = (compiler.process(each, **options) for each in element.clauses)
    return f"(position({wanted} IN {column}) > 0)"
