"""What must not be on the log: people's names, who may see what, and who looked."""
