"""Whether a worker gets on: progress, the watchdog, the pages that tell it, and the metrics."""
