"""Every metric that the dashboard shows, with what it means: the page of the reference is made of this."""

from stream_processors.watching.metric_names import BUILD, Declared

REQUESTS = Declared(
    "engagement_http_requests_total",
    "counter",
    "Requests answered, by `method`, by `route` as the program has it (never the address with its ids; `none` where "
    "there is no such page, `static` for files) and by `status`.",
    ("method", "route", "status"),
)
SECONDS = Declared(
    "engagement_http_request_duration_seconds",
    "histogram",
    "Time from a request to the end of its answer, by `route`; live streams, which last, are left out.",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
STREAMS = Declared("engagement_http_open_streams", "gauge", "Live streams that are open, of pages and of the API.")
BEHIND = Declared(
    "engagement_dashboard_lag_records",
    "gauge",
    "Records on the log that the projections do not have yet, as pages show it; not there while the log or the "
    "projections are away.",
    ("topic",),
)

__all__ = ["BEHIND", "BUILD", "METRICS", "REQUESTS", "SECONDS", "STREAMS"]

METRICS = (REQUESTS, SECONDS, STREAMS, BEHIND, BUILD)
