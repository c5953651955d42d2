"""A fault in a catalogue file: where in its tables, and what to change; written for the person who wrote the file."""

import re
from typing import get_args

from learning.catalogue_lines import Path
from learning.codes import CourseIdentifier
from learning.errors import EngagementError
from learning.programme import CalendarName, Kind, Measure

_FORM_PLACE = re.compile(r" - at `\$(?P<place>[^`]*)`$")
_PLACE_STEP = re.compile(r"\.(?P<key>\w+)|\[(?P<position>\d+)\]")
_NAMED_KEY = re.compile(r"unknown field `(?P<key>.+?)`")
_CHOICES = {
    "kind": get_args(Kind),
    "kinds": get_args(Kind),
    "course": get_args(CourseIdentifier),
    "measure": get_args(Measure),
    "calendar": get_args(CalendarName),
}


class FaultError(EngagementError):
    """Something in a catalogue file is wrong; `path` leads to it, the text says what to change."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.programme: str | None = None
        """The code of the programme that was being read, where the path does not lead into one."""


def form_fault(message: str) -> FaultError:
    """Turn msgspec's message, which ends with a path, into a fault at that path."""
    found = _FORM_PLACE.search(message)
    place = found["place"] if found else ""
    steps = _PLACE_STEP.finditer(place)
    path: Path = tuple(int(step["position"]) if step["position"] else step["key"] for step in steps)
    text = message[: found.start()] if found else message
    if named := _NAMED_KEY.search(text):
        return FaultError((*path, named["key"]), f"the key {named['key']} is not known here")
    key = next((step for step in reversed(path) if isinstance(step, str)), "file")
    if text.startswith("Invalid enum value"):
        wrong = text.removeprefix("Invalid enum value ")
        return FaultError(path, f"{key} {wrong} is not known; it is one of {', '.join(_CHOICES[key])}")
    return FaultError(path, f"{key}: {text[0].lower()}{text[1:]}")
