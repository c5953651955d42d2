"""The parts of the log on Kafka: clients, topics, the index of identities, how it is appended to, read and proven."""
