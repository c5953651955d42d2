"""What contacts and endpoints have in common: of which alerts they are told."""

from collections.abc import Iterable
from typing import Final, Literal

from registry.codes import require_code
from registry.errors import RegistryError

LeastLevel = Literal["at-risk", "critical"]
LEAST_LEVELS: Final[tuple[LeastLevel, ...]] = ("at-risk", "critical")
"""The levels from which on somebody can be told: nobody is told of what is below."""


def require_partner(partner: str | None) -> None:
    """Refuse what is no id of a delivery partner; None, the lead provider itself, is one.

    Raises:
        RegistryError: It is no code.
    """
    if partner is not None:
        require_code(partner, "partner")


def require_scope(programmes: Iterable[str], level: str) -> None:
    """Refuse what are no programmes, or no level that anybody is told of.

    Raises:
        RegistryError: Saying what may stand there.
    """
    for each in programmes:
        require_code(each, "programme")
    if level not in LEAST_LEVELS:
        raise RegistryError(f"nobody is told from level {level} on; use one of {', '.join(LEAST_LEVELS)}")
