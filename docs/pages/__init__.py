"""One module for each generated page: what the code says of itself, laid out for reading."""
