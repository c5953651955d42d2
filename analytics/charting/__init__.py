"""How a chart is drawn with matplotlib; `analytics.charts` is its door, so that nobody else waits for matplotlib."""
