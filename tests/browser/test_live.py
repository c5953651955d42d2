"""A page that keeps itself in step with what happens, without taking anything from whoever is using it."""

import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visiting
from tests.browser.gallery_server import Gallery, render, served

CALM = render(messages=[])
"""Nothing takes the focus when it is loaded."""

TELLING = """window.EventSource = class extends EventSource {
    constructor(address) { super(address); this.addEventListener("change", () => console.info("told")); }
};"""
"""Makes a page say when it has heard of a change."""

WAITED = 20
"""Seconds within which a stream opens; much less is usual."""


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    """A gallery of the test's own."""
    with served(CALM) as shown:
        yield shown


def follow(gallery: Gallery, visit: Visiting) -> Page:
    """A page that listens."""
    page, _ = visit(gallery.address)
    assert gallery.opened.acquire(timeout=WAITED)
    return page


def change(gallery: Gallery, before: str, after: str) -> None:
    """Change the page, and say so."""
    assert before in gallery.html
    gallery.html = gallery.html.replace(before, after)
    gallery.say_changed()


def test_a_change_is_shown_in_place_and_announced(gallery: Gallery, visit: Visiting) -> None:
    """What changed is replaced without loading the page anew, and a polite status tells when."""
    page = follow(gallery, visit)
    page.evaluate("window.same = true")
    change(gallery, "1,204", "1,205")

    expect(page.get_by_text("1,205")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^Updated 1?\d:\d\d[ap]m$"))
    assert page.evaluate("window.same")


def test_what_did_not_change_is_left_alone(gallery: Gallery, visit: Visiting) -> None:
    """Only regions whose HTML differs are replaced."""
    page = follow(gallery, visit)
    page.evaluate("document.querySelector('[data-live-region=list]').firstElementChild.dataset.kept = 'yes'")
    change(gallery, "1,204", "1,205")

    expect(page.get_by_text("1,205")).to_be_visible()
    assert page.locator("[data-kept]").count() == 1


def test_focus_and_open_explanations_stay(gallery: Gallery, visit: Visiting) -> None:
    """A link keeps its focus, an open explanation stays open and a scrolled table stays where it is."""
    page = follow(gallery, visit)
    page.set_viewport_size({"width": 600, "height": 900})
    page.get_by_text("How the list is made").click()
    page.locator("[data-live-region=list] .app-scroll").evaluate("(each) => (each.scrollLeft = 150)")
    page.get_by_role("link", name="Tom Hughes").focus()
    scrolled = page.locator("[data-live-region=list] .app-scroll").evaluate("(each) => each.scrollLeft")
    change(gallery, "Silent for 5 study weeks", "Silent for 6 study weeks")

    expect(page.get_by_text("Silent for 6 study weeks")).to_be_visible()
    expect(page.get_by_role("link", name="Tom Hughes")).to_be_focused()
    expect(page.get_by_text("The worst first.")).to_be_visible()
    assert page.locator("[data-live-region=list] .app-scroll").evaluate("(each) => each.scrollLeft") == scrolled


def test_focus_goes_to_the_region_when_its_element_is_gone(gallery: Gallery, visit: Visiting) -> None:
    """Where the link that had the focus is gone, its region has it, so that the place on the page is kept."""
    page = follow(gallery, visit)
    page.get_by_role("link", name="Tom Hughes").focus()
    change(gallery, '<a class="govuk-link" href="/participants/e-1">Tom Hughes</a>', "Tom Hughes")

    expect(page.get_by_role("link", name="Tom Hughes")).to_have_count(0)
    expect(page.locator("[data-live-region=list]")).to_be_focused()


def test_a_form_that_is_filled_in_is_not_touched(gallery: Gallery, visit: Visiting) -> None:
    """A region in which somebody types is not replaced, though others are; it follows once the form is as it was."""
    page = follow(gallery, visit)
    page.get_by_label("Note").fill("Call again on Monday")
    gallery.html = gallery.html.replace("Silent for 5 study weeks", "Silent for 6 study weeks")
    change(gallery, "1,204", "1,205")

    expect(page.get_by_text("1,205")).to_be_visible()
    assert page.get_by_label("Note").input_value() == "Call again on Monday"
    assert page.get_by_text("Silent for 5 study weeks").is_visible()

    page.get_by_label("Note").fill("")
    page.get_by_role("link", name="Tom Hughes").focus()
    gallery.say_changed()
    expect(page.get_by_text("Silent for 6 study weeks")).to_be_visible()


def test_many_changes_are_few_refreshes(gallery: Gallery, visit: Visiting) -> None:
    """Changes that come together are fetched together."""
    page = follow(gallery, visit)
    gallery.html = gallery.html.replace("1,204", "1,205")
    gallery.say_changed(times=50)

    expect(page.get_by_text("1,205")).to_be_visible()
    assert gallery.refreshes <= 2


def test_refreshes_are_a_second_apart(gallery: Gallery, visit: Visiting) -> None:
    """A change that comes right after another waits until a second has passed."""
    page = follow(gallery, visit)
    page.clock.install(time=0)
    page.add_init_script(TELLING)
    page.reload()
    assert gallery.opened.acquire(timeout=WAITED)
    page.clock.pause_at(60)
    for after in ("1,205", "1,206"):
        gallery.html = CALM.replace("1,204", after)
        with page.expect_console_message(lambda said: said.text == "told"):
            gallery.say_changed()
        page.clock.run_for(400)
        expect(page.get_by_text("1,205")).to_be_visible()
        page.evaluate("fetch('/static/icon.svg').then((answer) => answer.text())")  # what was asked before has arrived
        assert gallery.refreshes == 1

    page.clock.run_for(300)
    expect(page.get_by_text("1,206")).to_be_visible()


def test_updates_can_be_paused_with_the_keyboard(gallery: Gallery, visit: Visiting) -> None:
    """Paused, the page asks for nothing, also after it is loaded anew; resumed, it catches up."""
    page = follow(gallery, visit)
    page.get_by_role("button", name="Pause updates").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Updates are paused")
    page.reload()
    expect(page.get_by_role("button", name="Resume updates")).to_be_visible()
    change(gallery, "1,204", "1,205")

    assert (gallery.refreshes, gallery.asked.count("/live")) == (0, 1)
    page.get_by_role("button", name="Resume updates").press("Enter")
    expect(page.get_by_text("1,205")).to_be_visible()
    expect(page.get_by_role("button", name="Pause updates")).to_be_focused()


def test_a_hidden_tab_asks_for_nothing(gallery: Gallery, visit: Visiting) -> None:
    """A tab that nobody sees closes its stream; seen again, it catches up."""
    page = follow(gallery, visit)
    turn = "Object.defineProperty(document, 'hidden', {{ value: {}, configurable: true }}); "
    turn += "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(turn.format("true"))
    change(gallery, "1,204", "1,205")
    assert gallery.refreshes == 0

    page.evaluate(turn.format("false"))
    assert gallery.opened.acquire(timeout=WAITED), "the stream was not closed, so none was opened anew"
    expect(page.get_by_text("1,205")).to_be_visible()


def test_without_a_stream_the_page_looks_every_ten_seconds(gallery: Gallery, visit: Visiting) -> None:
    """Where the server cannot say that something changed, the page looks by itself, and listens once it can."""
    gallery.stream_status = HTTPStatus.SERVICE_UNAVAILABLE
    page, _ = visit(f"{gallery.address}static/icon.svg")  # opens no stream, whose answer could be taken for the page's
    page.clock.install()
    with page.expect_response("**/live"):
        page.goto(gallery.address)
    gallery.html = gallery.html.replace("1,204", "1,205")
    gallery.stream_status = HTTPStatus.OK
    page.clock.run_for(2_000)  # real time goes on beside it
    assert gallery.refreshes == 0

    page.clock.run_for(10_000)
    expect(page.get_by_text("1,205")).to_be_visible()
    assert gallery.opened.acquire(timeout=WAITED)


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND])
def test_who_may_no_longer_see_the_page_is_told(gallery: Gallery, visit: Visiting, status: HTTPStatus) -> None:
    """When the session has ended, updates end and say so; what the page shows is kept."""
    page = follow(gallery, visit)
    gallery.page_status = status
    change(gallery, "1,204", "1,205")

    expect(page.get_by_role("status")).to_have_text("Updates have ended: load the page again")
    assert page.get_by_text("1,204").is_visible()
    assert not page.locator("[data-live-toggle]").is_visible()


def test_a_server_that_is_late_is_asked_again(gallery: Gallery, visit: Visiting) -> None:
    """After an answer that is an error the page says that it is late, and shows the change when the server is back."""
    page = follow(gallery, visit)
    gallery.page_status = HTTPStatus.SERVICE_UNAVAILABLE
    change(gallery, "1,204", "1,205")
    expect(page.get_by_role("status")).to_have_text("Updates are late; trying again")

    gallery.page_status = HTTPStatus.OK
    gallery.say_changed()
    expect(page.get_by_text("1,205")).to_be_visible()
