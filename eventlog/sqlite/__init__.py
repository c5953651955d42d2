"""The parts of the embedded log: one SQLite file, how it is appended to, read and proven."""
