"""Tells delivery partners who is slipping: whom, when and how, at least once, and what came of it."""
