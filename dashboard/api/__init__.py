"""The HTTP API: what the pages show, for programs, under `/api/v1`."""
