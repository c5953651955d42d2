"""`engagement topics`: makes our topics on Kafka so that they keep everything, and checks that they still do."""

from contextlib import closing
from typing import TYPE_CHECKING

from msgspec import Struct
from typer import Context, Exit, Typer

from engagement import output
from engagement.output import AsJson, figures
from engagement.plain_errors import FAILED
from engagement.settings import Settings
from engagement.wiring import Wiring
from eventlog.facts import FACTS_TOPIC
from eventlog.rejects import REJECTS_TOPIC
from projections.decisions import RISK_TOPIC

if TYPE_CHECKING:
    from eventlog.brokers.topic_check import Difference

app = Typer(no_args_is_help=True, help="The topics on Kafka: make them so that they keep everything, and check them.")

_PATIENCE_SECONDS = 15.0


class TopicState(Struct, frozen=True, kw_only=True):
    """A topic of ours as it is on the broker."""

    topic: str
    """As the broker calls it."""
    partitions: int | None = None
    """None: there is no such topic."""
    copies: int | None = None
    made: bool = False
    """Whether this very command made it."""
    differences: list["Difference"] = []


@app.command()
def create(context: Context, *, as_json: AsJson = False) -> None:
    """Make the topics that are not there yet, with everything kept for ever; those that are there stay as they are."""
    wiring: Wiring = context.obj
    if wiring.settings.broker:
        _tell(_states(wiring.settings, make=True), as_json=as_json)
    else:
        _nothing_to_do(as_json=as_json)


@app.command()
def check(context: Context, *, as_json: AsJson = False) -> None:
    """Compare the topics with what they must be; what differs is told with what mends it, and the exit code is 1."""
    wiring: Wiring = context.obj
    if wiring.settings.broker:
        _tell(_states(wiring.settings, make=False), as_json=as_json)
    else:
        _nothing_to_do(as_json=as_json)


def _states(settings: Settings, *, make: bool) -> list[TopicState]:
    from eventlog.brokers.topic_check import differences  # noqa: PLC0415 - Kafka's client is slow to load
    from eventlog.brokers.topics import KafkaTopics  # noqa: PLC0415 - as above

    cluster = settings.kafka_cluster()
    wanted = {FACTS_TOPIC: settings.partitions, REJECTS_TOPIC: 1, RISK_TOPIC: settings.partitions}
    with closing(KafkaTopics(cluster, _PATIENCE_SECONDS)) as topics:
        standing = topics.topics()
        missing = [name for name in wanted if name not in standing]
        if make:
            for name in missing:
                topics.create(name, wanted[name])
        there = topics.topics()
        return [
            TopicState(
                topic=cluster.named(name),
                partitions=there[name].partitions,
                copies=there[name].replication,
                made=name in missing,
                differences=differences(cluster, topics, there[name], partitions),
            )
            if name in there
            else TopicState(topic=cluster.named(name))
            for name, partitions in wanted.items()
        ]


def _tell(states: list[TopicState], *, as_json: bool) -> None:
    if as_json:
        output.json(states)
    else:
        output.table(
            "Topics",
            ["Topic", *figures("Partitions", "Copies"), "State"],
            [(each.topic, each.partitions, each.copies, _in_words(each)) for each in states],
        )
    for state in states:
        if state.partitions is None:
            output.complain(f"there is no topic {state.topic}; run `engagement topics create`")
        for difference in state.differences:
            output.complain(
                f"{state.topic}: {difference.what} {difference.stands} should be {difference.needed}. "
                f"{difference.remedy}"
            )
    if any(state.partitions is None or state.differences for state in states):
        raise Exit(FAILED)


def _in_words(state: TopicState) -> str:
    if state.partitions is None:
        return "missing"
    if state.differences:
        return "differs"
    return "made" if state.made else "as needed"


def _nothing_to_do(*, as_json: bool) -> None:
    if as_json:
        output.json([])
    output.say(
        "The log is a file in the data folder, which makes its topics itself. For Kafka set ENGAGEMENT_BROKER first."
    )
