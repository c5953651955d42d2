"""The app's settings: what was shown to be unsafe stays off."""

from pathlib import Path

import pytest
from faust.types.enums import ProcessingGuarantee

from stream_processors.faust_app import EngagementApp
from stream_processors.transports.embedded import broker_url


@pytest.fixture
def app(tmp_path: Path) -> EngagementApp:
    """An app that is never started."""
    return EngagementApp("settings", broker=broker_url(tmp_path / "log.db"))


@pytest.mark.parametrize("variable", ["APP_WEB_ENABLED", "WEB_ENABLED"])
def test_no_web_server_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str) -> None:
    """Neither an option nor the environment switches Faust's web server on."""
    monkeypatch.setenv(variable, "1")
    app = EngagementApp("settings", broker=broker_url(tmp_path / "log.db"), web_enabled=True)

    assert app.conf.web_enabled is False
    assert list(app.boot_strategy.web_server()) == []


def test_exactly_once_is_not_offered(tmp_path: Path) -> None:
    """Faust's exactly_once loses table changes, so asking for it has no effect."""
    app = EngagementApp("settings", broker=broker_url(tmp_path / "log.db"), processing_guarantee="exactly_once")

    assert app.conf.processing_guarantee is ProcessingGuarantee.AT_LEAST_ONCE


def test_values_are_raw_bytes_by_default(app: EngagementApp) -> None:
    """A topic that names no serializer hands agents the bytes of the log."""
    assert (app.conf.key_serializer, app.conf.value_serializer) == ("raw", "raw")


def test_no_leader_topic_is_made(app: EngagementApp) -> None:
    """The topic by which several workers would elect a leader is off."""
    assert app.conf.topic_disable_leader is True


def test_an_option_overrules_a_default(tmp_path: Path) -> None:
    """Defaults that are a matter of taste can be changed."""
    app = EngagementApp("settings", broker=broker_url(tmp_path / "log.db"), topic_partitions=3)

    assert app.conf.topic_partitions == 3


def test_a_chunked_topic_queues_one_chunk(app: EngagementApp) -> None:
    """Chunks have megabytes, so no more than one waits before the agent; other topics keep Faust's queue."""
    app.chunked_topics = frozenset({"facts"})

    assert app.topic("facts").queue.maxsize == 1
    assert app.topic("others").queue.maxsize == app.conf.stream_buffer_maxsize
