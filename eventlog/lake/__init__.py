"""The log's cold copy for analysts: Parquet files that any number of programs read while a worker writes."""
