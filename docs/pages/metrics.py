"""The page of metrics: what worker, dashboard and dispatcher show to Prometheus, from the lists they are made of."""

from collections.abc import Iterable

from dashboard.metric_names import METRICS as OF_DASHBOARD
from engagement.dispatcher_metric_names import METRICS as OF_DISPATCHER
from pages.markdown import code, page, table
from stream_processors.watching.metric_names import METRICS, Declared


def metrics_page() -> str:
    """The whole page."""
    buckets = (
        (code(each.name), ", ".join(f"{bound:,}" for bound in each.buckets))
        for each in (*METRICS, *OF_DASHBOARD)
        if each.buckets
    )
    return page(
        "Metrics",
        "A worker answers `/metrics` where [`ENGAGEMENT_PROBE_PORT`](settings.md) says, in Prometheus' text format, "
        "and in OpenMetrics for a client that accepts it. How to read them is in "
        "[watch a worker](../how-to/watch-a-worker.md). Counters begin at 0 when the worker starts. "
        "Labels hold numbers and fixed words, never an id of a person.",
        _metrics(METRICS),
        "## Of the dashboard",
        "The dashboard answers `/metrics` too, to accounts that see all delivery partners: give Prometheus an API key "
        "of a read-only account as its `authorization` credentials ([give access](../how-to/give-access.md)). Where a "
        "request comes from opens nothing: behind a web server on the same machine, every request comes from there. "
        "`/healthz` and `/readyz` answer anybody, and tell nothing but whether the parts answer.",
        _metrics(OF_DASHBOARD),
        "## Of the dispatcher",
        "The dispatcher answers `/metrics`, and `/healthz`, where "
        "[`ENGAGEMENT_DISPATCHER_PROBE_PORT`](settings.md) says.",
        _metrics(OF_DISPATCHER),
        "## Buckets",
        "A histogram has three series: `..._bucket` counts what was no larger than its label `le`, `..._count` "
        "counts all, `..._sum` adds all up.",
        table(("histogram", "upper bounds"), buckets),
        "## Beside them",
        "Every counter and histogram has a series `..._created`, the Unix time at which it began. The process itself "
        "is measured under Prometheus' usual names: `process_resident_memory_bytes`, `process_virtual_memory_bytes`, "
        "`process_cpu_seconds_total`, `process_start_time_seconds`, `process_open_fds`, `process_max_fds`.",
    )


def _metrics(declared: Iterable[Declared]) -> str:
    rows = (
        (code(each.name), each.kind, ", ".join(code(label) for label in each.labels), each.meaning) for each in declared
    )
    return table(("metric", "kind", "labels", "meaning"), rows)
