"""`engagement lake`: what the analysts' copy of the log holds, how it is kept small, and what its columns mean."""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct
from typer import Context, Typer

from engagement import output
from engagement.output import AsJson, figures, prose
from engagement.wiring import Wiring
from eventlog.facts import FACTS_TOPIC
from eventlog.lake.dictionary import entries
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import LakeFile
from stream_processors.day_clock import utc_now

app = Typer(no_args_is_help=True, help="The lake, Parquet files with every fact for analysts: its state and upkeep.")

_MEGABYTE = 1_000_000


class Month(Struct, frozen=True):
    """The facts that were recorded in a month."""

    month: str
    """By UTC, as 2026-01."""
    facts: int
    files: int
    bytes: int
    bytes_per_fact: float | None
    """None where there is no fact."""


class LakeStatus(Struct, frozen=True):
    """The lake at a glance."""

    lake_dir: str
    facts: int
    files: int
    bytes: int
    bytes_per_fact: float | None
    lag: int
    """Records on the log that the lake has not come to."""
    retired_files: int
    """Merged into others, and kept for whoever began to read them before."""
    months: list[Month]


@app.command()
def status(context: Context, *, as_json: AsJson = False) -> None:
    """Show facts, files and size of the lake, month by month, and how far it is behind the log."""
    found = _look(context.obj)
    if as_json:
        output.json(found)
        return
    output.pairs(
        f"Lake in {found.lake_dir}",
        {
            "Facts": found.facts,
            "Files": found.files,
            "Size": _megabytes(found.bytes),
            "Bytes a fact": found.bytes_per_fact,
            "Lag": found.lag,
            "Merged files, kept for a while": found.retired_files,
        },
    )
    output.table(
        "Facts by the month in which they were recorded",
        ["Month", *figures("Facts", "Files", "Size", "Bytes a fact")],
        [(each.month, each.facts, each.files, _megabytes(each.bytes), each.bytes_per_fact) for each in found.months],
    )


def _look(wiring: Wiring) -> LakeStatus:
    lake = wiring.lake()
    manifests = [lake.manifest(partition) for partition in lake.partitions()]
    positions = {each.partition: each.position.next_offset for each in manifests}
    with wiring.log() as log:  # after the lake, which is then never ahead of it
        lag = sum(end - positions.get(partition, 0) for partition, end in log.end_offsets(FACTS_TOPIC).items())
    months = _months(lake, (file for each in manifests for file in each.files))
    facts, size = sum(each.facts for each in months), sum(each.bytes for each in months)
    return LakeStatus(
        lake_dir=str(lake.folder),
        facts=facts,
        files=sum(each.files for each in months),
        bytes=size,
        bytes_per_fact=_ratio(size, facts),
        lag=lag,
        retired_files=sum(len(each.retired) for each in manifests),
        months=months,
    )


def _months(lake: Lake, files: Iterable[LakeFile]) -> list[Month]:
    by_month: defaultdict[str, list[LakeFile]] = defaultdict(list)
    for file in files:
        by_month[file.month].append(file)
    return [_month(lake, month, some) for month, some in sorted(by_month.items())]


def _month(lake: Lake, month: str, files: list[LakeFile]) -> Month:
    facts = sum(file.rows for file in files)
    size = sum((lake.folder / file.name).stat().st_size for file in files)
    return Month(month, facts, len(files), size, _ratio(size, facts))


def _ratio(size: int, facts: int) -> float | None:
    return round(size / facts, 1) if facts else None


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:,.1f} MB"


@app.command()
def compact(context: Context, *, as_json: AsJson = False) -> None:
    """Merge the small files of each month into few, so that queries are fast and the lake is small.

    A worker may go on writing, and analysts go on reading: a file that was merged is deleted by the first `compact`
    after a day.
    """
    from eventlog.lake.compaction import compact as merge  # noqa: PLC0415 - DuckDB takes a while to load

    wiring: Wiring = context.obj
    lake = wiring.lake()
    before = _size(lake)
    done = merge(lake, utc_now())
    after = _size(lake)
    if as_json:
        output.json({**done._asdict(), "bytes_before": before, "bytes": after})
    elif done.merged:
        output.say(
            f"Merged {done.merged:,} files into {done.written:,}: {_megabytes(before)} became {_megabytes(after)}. "
            f"The merged files are kept for a day. {_removed(done.removed)}"
        )
    else:
        output.say(f"There was nothing to merge. {_removed(done.removed)}")


@app.command()
def dictionary(*, as_json: AsJson = False) -> None:
    """Show what every column of the lake means; the same stands in its folder as dictionary.json and dictionary.csv."""
    if as_json:
        output.json(list(entries()))
        return
    rows = [(each.column, each.type, each.meaning) for each in entries()]
    output.table("Columns of the lake", ["Column", "Type", *prose("Meaning")], rows)


def _size(lake: Lake) -> int:
    """Bytes of the files that count."""
    return sum(file.stat().st_size for file in lake.files())


def _removed(files: int) -> str:
    return f"{files:,} files that were merged earlier were deleted." if files else "No file was old enough to delete."
