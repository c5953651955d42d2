"""Tells analysts what every column of the lake means, in two files beside the facts."""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from eventlog.lake.columns import COLUMNS, ENVELOPE, columns_of
from eventlog.lake.lake import Lake
from learning.events import FACT_TYPES

JSON_NAME: Final = "dictionary.json"
CSV_NAME: Final = "dictionary.csv"


class Entry(Struct, frozen=True, kw_only=True):
    """What is to be known of one column."""

    column: str
    type: str
    """DuckDB's."""
    meaning: str
    fact_types: tuple[str, ...]
    """The types of facts that have it."""


def entries() -> Iterator[Entry]:
    """Every column, in the order of the files."""
    of_all = {column.name for column in ENVELOPE}
    for column in COLUMNS:
        having = [kind for kind, data in FACT_TYPES.items() if {column.name} & {*of_all, *columns_of(data).values()}]
        yield Entry(column=column.name, type=column.type, meaning=column.meaning, fact_types=tuple(having))


def write_dictionary(lake: Lake, aside: Path) -> None:
    """Write the dictionary beside the files, where it is not there yet or says something else.

    Args:
        lake: The lake.
        aside: A folder on the same disk, from which each file is moved to its place when it is whole.
    """
    for name, content in ((JSON_NAME, _json()), (CSV_NAME, _csv())):
        path = lake.folder / name
        if path.exists() and path.read_bytes() == content:
            continue
        written = aside / name
        written.write_bytes(content)
        os.replace(written, path)  # noqa: PTH105 - as everywhere in the lake, so that a test can stop it


def _json() -> bytes:
    return msgspec.json.format(msgspec.json.encode(list(entries())), indent=2) + b"\n"


def _csv() -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Entry.__struct_fields__)
    writer.writerows([each.column, each.type, each.meaning, " ".join(each.fact_types)] for each in entries())
    return text.getvalue().encode()
