"""Every metric that the dispatcher shows, with what it means: the page of the reference is made of this."""

from stream_processors.watching.metric_names import Declared

TURNS = Declared(
    "engagement_alert_turns_total",
    "counter",
    "Turns, by how they `ended`: `done`, or `broken-off` because something could not be reached.",
    ("ended",),
)
DECISIONS = Declared("engagement_alert_decisions_total", "counter", "Decisions about risk that were read from the log.")
ATTEMPTS = Declared(
    "engagement_alert_attempts_total",
    "counter",
    "What became of messages that were tried, by `result`: `delivered`, `failed` (tried again later), `dead` (given "
    "up), `cancelled`.",
    ("result",),
)
MESSAGES = Declared(
    "engagement_alert_messages",
    "gauge",
    "Messages in the alert book, by `state`; `dead` ones wait for somebody to send them again.",
    ("state",),
)

METRICS = (TURNS, DECISIONS, ATTEMPTS, MESSAGES)
