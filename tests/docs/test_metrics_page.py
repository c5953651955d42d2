"""The page of metrics is complete: whoever reads a graph finds what each line means."""

import re
from pathlib import Path

import pytest

from stream_processors.watching.metric_names import METRICS, Declared

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "reference" / "metrics.md"
HOW_TO = PROJECT / "docs" / "how-to" / "watch-a-worker.md"

_UNITS = {"counter": ("_total",), "gauge": ("_records", "_seconds", "_held", "_healthy", "_ready"), "info": ("_info",)}
_SERIES = re.compile(r"_(bucket|count|sum)$")

every_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


@every_metric
def test_every_metric_is_described(metric: Declared) -> None:
    """The page has every metric with its kind, its labels and a sentence that says what it means."""
    rows = re.findall(rf"^\| `{metric.name}` \| (.*) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    kind, labels, meaning = rows[0].split(" | ", 2)

    assert kind == metric.kind
    assert set(re.findall(r"`(\w+)`", labels)) == set(metric.labels)
    assert len(meaning.split()) >= 4
    assert meaning.endswith(".")


@every_metric
def test_every_metric_is_named_by_the_conventions(metric: Declared) -> None:
    """A name begins with the product's and ends with its unit: whoever knows Prometheus can guess it."""
    assert re.fullmatch(r"engagement_[a-z_]+", metric.name)
    assert metric.name.endswith(_UNITS.get(metric.kind, ("_seconds", "_records")))
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))


def test_the_how_to_asks_for_metrics_that_there_are() -> None:
    """The rules that a reader copies name no metric that a worker does not show."""
    named = set(re.findall(r"\bengagement_[a-z_]+", HOW_TO.read_text(encoding="utf-8")))

    assert named
    assert {_SERIES.sub("", name) for name in named} - {metric.name for metric in METRICS} == set()
