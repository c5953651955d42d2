"""The one exception tree: every error of this product that a person may read.

A message says what happened, to which thing, and what to do about it.
"""


class EngagementError(Exception):
    """Base of every error this product raises on purpose; its text is fit for a person to read."""
