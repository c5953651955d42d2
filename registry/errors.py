"""What can go wrong with the registry and its kind, told so that a person can put it right."""

from learning.errors import EngagementError


class RegistryError(EngagementError):
    """The registry, or another durable database, cannot do what was asked; the message names thing and remedy."""


class RegistryAwayError(RegistryError):
    """The database server cannot be reached or went away in the middle; the same may succeed later."""


class RegistryBusyError(RegistryError):
    """Another program was in the way; the same may succeed later."""
