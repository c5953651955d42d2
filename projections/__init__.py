"""The read models, the one store that holds them with their checkpoint, and how they are rebuilt and verified."""
