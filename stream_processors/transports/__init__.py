"""How the agents read: Faust's transports for the embedded log and for Kafka, both of which hand over chunks."""
