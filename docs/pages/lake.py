"""The page of the lake: how its folder is laid out, what its manifests say, and every column of its files."""

from collections.abc import Iterable

from msgspec.structs import fields

from eventlog.lake.columns import CONTENT, ENVELOPE
from eventlog.lake.compaction import GRACE, TARGET_ROWS
from eventlog.lake.dictionary import entries
from eventlog.lake.lake import Lake
from eventlog.lake.manifest import Archived, LakeFile, Manifest, Retired
from learning.events import FACT_TYPES
from pages.markdown import code, docstring, field_notes, page, table

_LAYOUT = """\
    lake/
      facts/recorded_month=2026-01/p07-000000000000-000000002000.parquet
      partitions/07.json
      dictionary.json
      dictionary.csv"""

_OWN_WORDS = {
    "version": "Form of the manifest.",
    "partition": "Partition of the log.",
    "archived": "Places in the log up to which the lake was written, in order; the last is how far it goes.",
    "archived[].next_offset": "Offset of the first record that had not been written.",
    "archived[].head": "The log's hash chain up to there, in hexadecimal.",
    "day": "Latest UK day that has started up to there.",
    "files": "Files that count.",
    "files[].first_offset": "Offset from which its facts come.",
    "files[].next_offset": "Offset before which its facts come.",
    "files[].rows": "How many facts it has.",
    "retired": "Files that were merged into others.",
    "retired[].name": "Its path below the lake's folder.",
    "retired[].at": "When it stopped counting, in UTC.",
}
"""For the fields of a manifest whose note in the code says nothing to a reader of this page, or that have none."""

_PREFIX = "learning."


def lake_page() -> str:
    """The whole page.

    Raises:
        KeyError: A field of the manifest has no words.
    """
    return page(
        "The lake",
        "A copy of every fact on the log as Parquet files, for questions over the whole history. A worker writes it "
        "behind the projections (`ENGAGEMENT_ARCHIVE`, see [settings](settings.md)); it can be deleted, and the next "
        "worker makes it anew. `engagement analyse`, `engagement query` and `engagement sql` read it through the "
        "[models](models.md); [ask with SQL](../how-to/ask-with-sql.md) says how.",
        "## Layout",
        _LAYOUT,
        docstring(Lake).split("\n\n")[1],
        "Within a file the facts are sorted by cohort, enrolment and time, so that one enrolment or one cohort reads "
        "little of it.",
        f"`engagement lake compact` merges the small files of a month and partition into files of about "
        f"{TARGET_ROWS:,} facts. The old ones stay for {GRACE.total_seconds() / 3600:.0f} hours, for those who are "
        "reading them. `engagement lake status` shows facts, files and size by month, and how far the lake is behind.",
        "Read only the files that the manifests name: what a crash left behind beside them does not count.",
        "## Manifest",
        "`partitions/NN.json` is JSON with these fields.",
        _manifest(),
        "## Columns",
        "One row is one fact as it stands on the log. The log may hold a fact twice: count distinct pairs of `source` "
        "and `id`, or ask the models. `dictionary.json` and `dictionary.csv` say the same as the tables here, and "
        "`engagement lake dictionary` prints it.",
        "Every fact has",
        _columns(column.name for column in ENVELOPE),
        "The others are the fields of the [types of facts](events.md), and blank where a type has no such field.",
        _columns(column.name for column in CONTENT),
    )


def _manifest() -> str:
    parts = ((Manifest, ""), (Archived, "archived[]."), (LakeFile, "files[]."), (Retired, "retired[]."))
    notes = {prefix + name: note for kind, prefix in parts for name, note in field_notes(kind).items()}
    words = notes | _OWN_WORDS
    names = [prefix + field.name for kind, prefix in parts for field in fields(kind)]
    return table(("field", "meaning"), ((code(name), words[name]) for name in names))


def _columns(names: Iterable[str]) -> str:
    described = {entry.column: entry for entry in entries()}
    rows = []
    for entry in (described[name] for name in names):
        every = len(entry.fact_types) == len(FACT_TYPES)
        of = "all" if every else ", ".join(code(kind.removeprefix(_PREFIX)) for kind in entry.fact_types)
        rows.append((code(entry.column), entry.type, entry.meaning, of))
    return table(("column", "type", "meaning", "of"), rows)
