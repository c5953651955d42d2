"""The language everyone speaks: facts, programmes, calendar, progress. Pure: no I/O, no framework, no wall clock."""
