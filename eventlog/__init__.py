"""The append-only log of facts: topics, keys, partitions and offsets behind one interface."""
