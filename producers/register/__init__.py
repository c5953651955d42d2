"""The parts of register loading: the sheet, the column map, the rows, and what the log already says of them."""
