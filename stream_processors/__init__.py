"""The Faust app: agents that move facts from the log into projections, the day clock, the embedded transport."""
