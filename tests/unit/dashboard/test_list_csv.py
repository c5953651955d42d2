"""Long lists as CSV: sent while they are read, never whole in memory, and all of one moment."""

import csv
from collections.abc import Iterator, Mapping
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from fastapi import Request

from dashboard.pages.listing import AT_ONCE, csv_parts
from dashboard.visitors import Visitor
from learning.facts import Withdrawn
from projections import enrolment_list
from projections.list_filters import Wanted
from projections.list_order import Sort
from registry import audit, people
from registry.people import Profile
from tests.builders import at, enrolled, make
from tests.dashboard_kit import DAY, Site


def given(text: str) -> list[dict[str, str]]:
    """The rows of a CSV."""
    return list(csv.DictReader(StringIO(text)))


def request_to(site: Site) -> Request:
    """A request as a route gets it."""
    return Request({"type": "http", "app": site.app, "method": "GET", "path": "/enrolments.csv", "headers": []})


@pytest.mark.parametrize("number", [1, AT_ONCE - 12, AT_ONCE - 11, 2 * AT_ONCE + 1])
def test_the_rows_are_those_of_the_list(site: Site, number: int) -> None:
    """However many parts it is sent in, each enrolment is there once, in the order of the list, with its name."""
    more = [enrolled(at(-4), f"more-{each:04}", f"q-{each:04}") for each in range(number)]
    site.publish(*more).start(DAY + timedelta(days=1)).fold()
    with site.registry.writing() as connection:
        people.put(connection, [Profile(participant="q-0000", name="Ada Example")], site.clock())

    rows = given(site.browser().get("/enrolments.csv?sort=participant").text)

    with site.live.open() as store, store.connect() as connection:
        listed = list(enrolment_list.every(connection, Wanted(), Sort("participant")))
    assert len(rows) == number + 12
    assert [row["enrolment"] for row in rows] == [row["enrolment"] for row in listed]
    assert [row["level"] for row in rows] == [row["level"] or "" for row in listed]
    assert [row["participant"] for row in rows if row["name"] == "Ada Example"] == ["q-0000"]


def test_only_some_rows_are_in_memory_at_once(site: Site) -> None:
    """By the time a part is sent, hardly more rows have been read than were sent, of however many there are."""
    with site.live.open() as store, store.connect() as connection:
        [row, *_] = enrolment_list.every(connection, Wanted())
    taken: list[int] = []

    def endless() -> Iterator[Mapping[str, Any]]:
        while True:
            taken.append(1)
            yield row

    parts = csv_parts(request_to(site), Visitor(site.account("staff")), endless())
    first, second = next(parts), next(parts)

    assert len(taken) <= 3 * AT_ONCE
    assert first.count("\n") == second.count("\n") == AT_ONCE


def test_a_long_file_is_of_one_moment(site: Site) -> None:
    """What becomes known while a file is being sent is not in it, neither in its rows nor in which rows there are."""
    site.publish(*(enrolled(at(-4), f"more-{each:04}", "q-1") for each in range(AT_ONCE + 20))).fold()
    gone = make(Withdrawn(reason="other", effective=DAY, signed_off_by="partner-1"), at(41), "more-0519", "q-1")
    order = Sort("participant")
    with site.live.open() as store, store.connect() as connection:
        before = [(row["enrolment"], row["status"]) for row in enrolment_list.every(connection, Wanted(), order)]

    with site.live.open() as store, store.connect() as connection:
        rows = enrolment_list.every(connection, Wanted(), order)
        parts = csv_parts(request_to(site), Visitor(site.account("staff")), rows)
        text = next(parts)
        site.publish(gone, enrolled(at(1), "a-new-one", "a-1")).fold()
        text += "".join(parts)

    assert [(row["enrolment"], row["status"]) for row in given(text)] == before
    now = {row["enrolment"]: row["status"] for row in given(site.browser().get("/enrolments.csv").text)}
    assert now["more-0519"] == "withdrawn"
    assert len(now) == len(before) + 1


def test_how_many_rows_left_the_house_is_noted(site: Site) -> None:
    """The audit trail has the number of rows before the first is sent."""
    rows = given(site.browser().get("/at-risk.csv").text)

    with site.registry.reading() as connection:
        [entry] = [each for each in audit.entries(connection) if each.action == audit.Action.LIST_EXPORTED]
    assert entry.thing == "page:at-risk"
    assert int(entry.details["rows"]) == len(rows) > 0
