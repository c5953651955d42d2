"""Everything that pages are made of, in a real browser: it can be used by everybody, and it is nobody else's brand."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visiting
from tests.browser.gallery_server import DASHBOARD, Gallery, render, served

WIDTHS = [1280, 320]
"""CSS pixels: a desk, and the same desk at 400 %."""

BRAND = {"#1d70b8", "#005ea5", "#003078", "#1a65a6", "#0f385c", "#00703c", "#0f7a52", "#00ffe0", "#ffdd00", "#0b0c0c"}
"""Colours of GOV.UK: of its brand, links, buttons, logotype, focus and header."""

COLOURS = """() => Array.from(document.querySelectorAll("body, body *"), (each) => getComputedStyle(each)).flatMap(
    (style) => [style.color, style.backgroundColor, style.borderTopColor, style.borderBottomColor, style.fill])"""
FONTS = """() => Array.from(document.querySelectorAll("body, body *"), (each) => getComputedStyle(each).fontFamily)"""
WIDER = """() => Array.from(document.querySelectorAll("main *"))
    .filter((each) => !each.closest(".app-scroll") && !each.closest(".govuk-visually-hidden, .govuk-radios__input"))
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
    .map((each) => each.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def gallery() -> Iterator[Gallery]:
    """The gallery, served."""
    with served(render()) as shown:
        yield shown


def as_hex(colour: str) -> str:
    """A computed colour as its code; one that is no plain colour, as it is."""
    figures = re.findall(r"[\d.]+", colour)
    return "#" + "".join(f"{round(float(each)):02x}" for each in figures[:3]) if len(figures) >= 3 else colour


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing(
    gallery: Gallery,
    visit: Visiting,
    axe_violations: Callable[[Page], list[str]],
    picture: Callable[[Page, str], None],
    width: int,
) -> None:
    """No rule of axe-core is broken, with every explanation open, on a desk and at 400 %."""
    page, _ = visit(gallery.address, width=width)
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")

    assert axe_violations(page) == []
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = false))")
    picture(page, f"gallery-{width}")


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_nothing_is_refused_missing_or_from_elsewhere(gallery: Gallery, visit: Visiting, javascript: bool) -> None:
    """The page loads whole under the policy: no inline script or style, no missing file, no other host, no error."""
    page, troubles = visit(gallery.address, javascript=javascript)
    page.wait_for_load_state("load")

    assert troubles == []
    assert page.evaluate("document.querySelectorAll('[style], style, script:not([src])').length") == 0


def test_only_tables_and_charts_are_wider_than_a_narrow_page(gallery: Gallery, visit: Visiting) -> None:
    """At 320 pixels nothing needs scrolling in two dimensions except tables and charts, which scroll for themselves."""
    page, _ = visit(gallery.address, width=320)

    assert page.evaluate("document.scrollingElement.scrollWidth") <= 320
    assert page.evaluate(WIDER) == []


def test_no_colour_of_the_govuk_brand_is_used(gallery: Gallery, visit: Visiting) -> None:
    """No element has a colour of GOV.UK's brand."""
    page, _ = visit(gallery.address)
    used = {as_hex(each) for each in page.evaluate(COLOURS)}

    assert "#4b2e6f" in used
    assert not used & BRAND


def test_the_font_is_one_that_the_reader_has(gallery: Gallery, visit: Visiting) -> None:
    """Every element is in the system's font; no font is loaded, and GDS Transport is not named."""
    page, _ = visit(gallery.address)
    families = set(page.evaluate(FONTS))

    assert all(each.startswith("system-ui") for each in families), families
    assert page.evaluate("document.fonts.size") == 0


def test_no_file_of_the_brand_is_shipped() -> None:
    """Neither the crown nor the crest, the logotype, its font or a brand colour stands in what is served."""
    served_texts = [path.read_text(encoding="utf-8") for path in (DASHBOARD / "static").rglob("*.css")]
    pattern = re.compile("|".join(["gds transport", "crown", "crest", "logotype", r"url\(", *BRAND]), re.IGNORECASE)

    assert served_texts
    assert not [found.group() for text in served_texts if (found := pattern.search(text))]


def test_what_has_focus_is_seen(gallery: Gallery, visit: Visiting) -> None:
    """The first stops of the keyboard are the skip link, our name and the navigation, each with a mark of focus."""
    page, _ = visit(gallery.address, javascript=False)  # scripts give the focus to the message
    stops = []
    for _step in range(5):
        page.keyboard.press("Tab")
        look = "(() => { const it = document.activeElement, own = getComputedStyle(it); "
        look += "return [it.textContent.trim(), own.outlineStyle !== 'none' || own.boxShadow !== 'none']; })()"
        stops.append(tuple(page.evaluate(look)))

    assert stops[0] == ("Skip to main content", True)
    assert [text for text, _ in stops[1:3]] == ["Engagement", "Sign out"]
    assert all(marked for _, marked in stops)


def test_without_scripts_the_page_is_complete(
    gallery: Gallery, visit: Visiting, picture: Callable[[Page, str], None]
) -> None:
    """Without scripts the navigation is open, filters go into the address, and nothing offers what would not work."""
    page, _ = visit(gallery.address, width=320, javascript=False)
    picture(page, "gallery-320-without-scripts")

    assert page.get_by_role("link", name="Cohorts").is_visible()
    assert not page.locator("[data-live-toggle]").is_visible()
    page.get_by_label("Participant").fill("Amara")
    page.get_by_role("button", name="Filter").click()
    assert page.url.endswith("/?sort=-points&partner=north&level=&search=Amara")


def test_a_table_says_how_it_is_sorted(gallery: Gallery, visit: Visiting) -> None:
    """Headings are scoped, those that sort are links and say so, figures stand on the right, an empty one says why."""
    page, _ = visit(gallery.address)
    table = page.get_by_role("table", name="At risk, the worst first")

    sorted_by = {each.inner_text(): each.get_attribute("aria-sort") for each in table.locator("thead th").all()}
    assert [each for each in sorted_by.values() if each] == ["none", "descending", "none"]
    assert table.get_by_role("rowheader").count() == 6
    align = "(each) => getComputedStyle(each).textAlign"
    assert table.get_by_role("cell", name="41.2 %", exact=True).evaluate(align) == "right"
    assert page.get_by_text("Nobody is at risk. The list fills when a flag is raised.").is_visible()


def test_a_chart_is_told_and_shown_as_a_table(gallery: Gallery, visit: Visiting) -> None:
    """A chart is an image with a name and a description, and its figures open as a table."""
    page, _ = visit(gallery.address)
    chart = page.locator("#timeliness")

    assert chart.get_by_role("img", name="North Downs is slowest: 41 % within two days").count() == 1
    chart.get_by_text("Figures as a table").click()
    assert chart.get_by_role("cell", name="78 %").is_visible()


def test_words_of_charts_stay_within_their_picture(gallery: Gallery, visit: Visiting) -> None:
    """No label of a chart is cut off at an edge or lies over another."""
    page, _ = visit(gallery.address)
    found: list[Any] = page.evaluate("""() => Array.from(document.querySelectorAll(".app-chart__picture"), (svg) => {
        const size = svg.viewBox.baseVal;
        const boxes = Array.from(svg.querySelectorAll("text"), (each) => [each.textContent, each.getBBox()]);
        const cut = boxes.filter(([, box]) => box.x < 0 || box.x + box.width > size.width || box.y < 0
            || box.y + box.height > size.height).map(([text]) => text);
        const over = boxes.flatMap(([text, one], place) => boxes.slice(place + 1).filter(([, other]) =>
            one.x < other.x + other.width && other.x < one.x + one.width
            && one.y + 3 < other.y + other.height && other.y + 3 < one.y + one.height).map(([also]) => [text, also]));
        return [...cut, ...over];
    }).flat()""")

    assert found == []


def test_values_from_outside_are_never_markup(visit: Visiting) -> None:
    """What people or files say is shown as it is, whatever it looks like."""
    hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
    with served(render(visitor={"label": hostile, "role": "staff", "partner": hostile}, policy=hostile)) as shown:
        page, troubles = visit(shown.address)

        assert page.locator("header img, footer img, header script").count() == 0
        assert hostile in page.locator(".app-header__name").inner_text()
        assert troubles == []


def test_a_refresh_is_sent_the_part_that_changes_only() -> None:
    """A fragment is <main> alone, with the same regions as the page."""
    whole, part = render(), render(fragment=True)
    regions = re.compile(r'data-live-region="(\w+)"')

    assert part.strip().startswith("<main")
    assert part.strip().endswith("</main>")
    assert regions.findall(part) == regions.findall(whole) == ["freshness", "stats", "list"]


def test_who_has_not_signed_in_is_shown_no_navigation() -> None:
    """Without a visitor there is no name, no way to sign out and no navigation; without freshness, none is claimed."""
    html = render(visitor=None, links=[], freshness=None, live=None, policy=None, messages=[])

    assert not re.search(r"Sign out|app-freshness|aria-label=\"Pages\"|data-live=|Risk policy", html)
