"""Where the projections are kept: SQLite files in a folder, or schemas of a PostgreSQL database."""
