"""Erases people from the registry: their profile and every trace of it but the id, which tells nobody who it was."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from registry import audit, erasures, people
from registry.audit import Action, Entry
from registry.codes import require_code
from registry.store import Registry


class Erased(Struct, frozen=True):
    """What erasing did."""

    participants: list[str]
    """All that were to be erased."""
    profiles: int
    """Of how many there was a profile."""
    new: int
    """How many had not been erased before."""


def erase(registry: Registry, participants: Sequence[str], now: datetime, *, by: str) -> Erased:
    """Erase participants, for good: whoever is erased is refused by later imports.

    Of a person whose ids were merged, name all ids. Erasing the same again is safe, and finishes what was interrupted.

    Args:
        registry: Where they are known.
        participants: Their ids.
        now: When it happens.
        by: The account that asked for it, for the audit trail.

    Raises:
        RegistryError: One of the ids is none; then nobody was erased.
        RegistryBusyError: They are erased, but bytes of them are still in the file: erase the same again.
    """
    wanted = [require_code(each, "id of a participant") for each in dict.fromkeys(participants)]
    with registry.writing() as connection:
        removed = people.remove(connection, wanted)
        new = erasures.note(connection, wanted, now)
        entries = [
            Entry(by, Action.PERSON_ERASED, f"participant:{each}") for each in wanted if each in removed or each in new
        ]
        audit.append(connection, now, *entries)
    registry.purge()
    return Erased(wanted, len(removed), len(new))
