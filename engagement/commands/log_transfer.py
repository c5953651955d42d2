"""`engagement export-log` and `engagement import-log`: the log as one file, to keep a copy or to move it elsewhere."""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any, BinaryIO

from typer import Argument as Positional
from typer import BadParameter, Context, Option

from engagement import output
from engagement.output import AsJson, figures
from engagement.wiring import Wiring
from eventlog.base import EventLog
from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import REJECTS_TOPIC
from eventlog.transfer import check_file
from eventlog.transfer import export_log as export
from eventlog.transfer import import_log as load
from eventlog.transfer_file import Contents, LogFile, LogFileError, whole_or_absent
from projections.decisions import RISK_TOPIC
from stream_processors.day_clock import utc_now

_STANDARD_STREAM = Path("-")
_TOPICS = (REJECTS_TOPIC, RISK_TOPIC, FACTS_TOPIC)
"""In the order of a file: the facts last, of which the others are made."""


def export_log(
    context: Context,
    path: Annotated[Path, Positional(metavar="FILE", help="Where the log is written; `-` is standard output.")],
    topic: Annotated[
        list[str] | None,
        Option(help="A topic to export; may be given several times. Default: all.", show_default=False),
    ] = None,
    force: Annotated[bool, Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write all records of the log to one file that proves itself whole: gzipped JSON lines with hash chains.

    Imports and workers may go on meanwhile; what they append after the start is left out. The file gets its name only
    when it is complete.
    """
    if path == _STANDARD_STREAM:
        if as_json:
            raise BadParameter("--json and the log cannot both go to standard output; name a file")
        if sys.stdout.isatty():
            raise BadParameter("the log is not text for a terminal; name a file or pipe it on")
    elif path.exists() and not (force and path.is_file()):
        raise BadParameter(f"{path} is there already; name another file, or replace it with --force")
    wiring: Wiring = context.obj
    with wiring.log() as log, _written(path) as stream:
        topics = _chosen(log, topic)
        with _steps("Exporting", sum(sum(log.end_offsets(each).values()) for each in topics)) as step:
            contents = export(log, stream, topics, utc_now(), step)
    if as_json:
        output.json({"file": str(path), "topics": _told(contents)})
    else:
        output.say(f"Exported {_counted(contents)}.")


def import_log(
    context: Context,
    path: Annotated[
        Path, Positional(metavar="FILE", help="A file that `engagement export-log` wrote; `-` is standard input.")
    ],
    check: Annotated[bool, Option("--check", help="Only read the file and say whether it is whole.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put an exported log onto a log that is empty or holds the beginning of it, and prove that it arrived.

    Nothing is written before the whole file has been checked. An import that broke off goes on where it stopped when
    the same file is imported again. Offsets stay what they were, and a record that is sent again is known.
    """
    with _read(path) as (stream, name):
        if check:
            _check(stream, name, as_json=as_json)
        else:
            _import(context.obj, stream, name, as_json=as_json)


def _check(stream: BinaryIO, name: str, *, as_json: bool) -> None:
    file = LogFile(stream, name)
    with _steps("Checking", file.header.records) as step:
        contents = check_file(file, step)
    if as_json:
        output.json({"file": name, "exported": file.header.exported, "topics": _told(contents)})
        return
    _print(contents)
    output.say(f"{name} is whole, as exported at {output.uk_time(file.header.exported)}: {_counted(contents)}.")


def _import(wiring: Wiring, stream: BinaryIO, name: str, *, as_json: bool) -> None:
    with _rewindable(stream, wiring.settings.data_dir) as file:
        header = LogFile(file, name).header
        with (
            _as_in(wiring, header.topics).log_to_append() as log,
            output.progress() as bar,
        ):
            checking = bar.add_task("Checking", total=header.records)
            loading = bar.add_task("Importing", total=header.records)
            imported = load(
                log, file, name, lambda some: bar.advance(checking, some), lambda some: bar.advance(loading, some)
            )
    contents, appended = imported
    there = header.records - appended
    if as_json:
        output.json({"file": name, "appended": appended, "already_there": there, "topics": _told(contents)})
        return
    _print(contents)
    output.say(f"Imported {appended:,} records; {there:,} were there already. Counts and hash chains equal the file's.")
    if not wiring.worker_runs():
        output.say("Next: `engagement rebuild`, or `engagement worker`.")


def _as_in(wiring: Wiring, topics: Mapping[str, Sequence[int]]) -> Wiring:
    """The application; where the topic of facts is to be made, it gets as many partitions as it has in a file."""
    if FACTS_TOPIC not in topics:
        return wiring
    return Wiring(wiring.settings.model_copy(update={"partitions": len(topics[FACTS_TOPIC])}))


def _chosen(log: EventLog, asked: Sequence[str] | None) -> list[str]:
    there = log.topics()
    for each in asked or ():
        if each not in there:
            raise BadParameter(f"there is no topic {each} on the log; it has {', '.join(sorted(there))}")
    chosen = set(asked or _TOPICS)
    ours = [each for each in _TOPICS if each in chosen and each in there]
    return [*sorted(chosen - set(_TOPICS)), *ours]


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """Where the log is written; on standard output nothing of Python's stays behind for the end of the program."""
    if path != _STANDARD_STREAM:
        with whole_or_absent(path) as stream:
            yield stream
        return
    try:
        with open(sys.stdout.fileno(), "wb", closefd=False) as stream:
            yield stream
    except BrokenPipeError as error:
        raise LogFileError("Whoever reads the exported log stopped before its end; export it again.") from error


@contextmanager
def _read(path: Path) -> Iterator[tuple[BinaryIO, str]]:
    if path == _STANDARD_STREAM:
        yield sys.stdin.buffer, "standard input"
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise LogFileError(f"{path} cannot be read: {error.strerror}; check the path.") from error
    with stream:
        yield stream, str(path)


@contextmanager
def _rewindable(stream: BinaryIO, folder: Path) -> Iterator[BinaryIO]:
    """The stream, or a copy of it without a name in a folder: a pipe can be read only once."""
    if stream.seekable():
        yield stream
        return
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder) as copy:
        shutil.copyfileobj(stream, copy)
        copy.seek(0)
        yield copy


@contextmanager
def _steps(what: str, total: int) -> Iterator[Callable[[int], None]]:
    with output.progress() as bar:
        task = bar.add_task(what, total=total)
        yield lambda records: bar.advance(task, records)


def _counted(contents: Contents) -> str:
    records = {topic: sum(tip.next_offset for tip in tips) for topic, tips in contents.items()}
    return f"{sum(records.values()):,} records ({', '.join(f'{topic} {count:,}' for topic, count in records.items())})"


def _told(contents: Contents) -> list[dict[str, Any]]:
    return [
        {"topic": topic, "partition": partition, "records": count, "head": head.hex()}
        for topic, tips in contents.items()
        for partition, (count, head) in enumerate(tips)
    ]


def _print(contents: Contents) -> None:
    output.table(
        "Records",
        ["Topic", *figures("Partition", "Records"), "Head"],
        [tuple(each.values()) for each in _told(contents)],
        keys=2,
    )
