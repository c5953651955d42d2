"""The commands of `engagement`, one file for each group that belongs together."""
