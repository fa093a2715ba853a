"""Cards of LSST's alerts in a real browser: exact ids, stamps of any size, north up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from stampapp.alerts.alert import Alert
from stampapp.dashboard.broadcast import encode
from stampapp.dashboard.documents import alert_document, dead_letter_document
from stampapp.dashboard.recent_alerts import RecentAlert, RecentDeadLetter
from stampapp.kafka.message import TopicPartitionOffset
from tests.support.browser import chromium, findings
from tests.support.fake_classifier import classification
from tests.support.lsst_stamps import NAMES, cards, cutout, lsst_alert

# Two numbers that are one and the same to JavaScript, whose numbers are floats.
OBJECT, ASTEROID = "170094456277565473", "170094456277565472"
SOURCE = "170094456480989259"
PLACE = TopicPartitionOffset(topic="alerts", partition=2, offset=17)
NOW = 1_800_000_000.0
HOST = "http://page.test/"
ADDRESSES = "all => all.map(one => one.href)"
ENDS = "all => all.map(one => ['x1', 'y1', 'x2', 'y2'].map(name => +one.getAttribute(name)))"


def stamps(angle: float) -> dict[str, bytes | None]:
    """Return stamps with a source above and right of the middle, in pixels."""
    rows, columns = np.mgrid[:48, :40]
    noise = np.random.default_rng(1).normal(0, 30, (48, 40))
    source = 4000 * np.exp(-((rows - 30) ** 2 + (columns - 25) ** 2) / 12)
    shown = cutout(noise + source, cards(30.0, 25.0, angle))
    return {**dict.fromkeys(NAMES, shown), "template": None}


def alert(oid: str, **extra: object) -> Alert:
    return replace(lsst_alert(stamps(20.0), **extra), aid=oid, oid=oid, candid=SOURCE)


def card(number: int, one: Alert, class_name: str) -> bytes:
    found = classification(one, class_name)
    recent = RecentAlert(
        number=number, confirmed_at=NOW, location=PLACE, alert=one, classification=found
    )
    return encode("card", alert_document(recent))


def dead_letter() -> bytes:
    letter = RecentDeadLetter(
        number=3,
        confirmed_at=NOW,
        location=PLACE,
        aid=OBJECT,
        cause="stamp-missing",
        message="there is no science stamp",
    )
    return encode("dead", [dead_letter_document(letter)])


def answer(route: Route, events: Sequence[bytes]) -> None:
    name = route.request.url.removeprefix(HOST) or "page.html"
    if name == "events":
        # Without a new connection, which would begin with an empty page.
        stream = b"retry: 600000\n\n" + b"".join(events)
        route.fulfill(body=stream, content_type="text/event-stream")
        return
    kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    file = resources.files("stampapp.web").joinpath("static", name)
    route.fulfill(
        body=file.read_bytes(), content_type=kind.get(name.rpartition(".")[2], "text/html")
    )


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    star = alert(OBJECT, diaObjectId=int(OBJECT), ssObjectId=0)
    asteroid = alert(ASTEROID, diaObjectId=0, ssObjectId=int(ASTEROID))
    events = [card(1, star, "SN"), card(2, asteroid, "bogus"), dead_letter()]
    with chromium() as browser:
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.route(f"{HOST}**", lambda route: answer(route, events))
        opened.goto(HOST)
        expect(opened.locator(".card").nth(1)).to_be_visible()
        yield opened


def test_ids_of_18_digits_are_shown_digit_by_digit(page: Page) -> None:
    assert page.locator(".card h3").all_inner_texts() == [ASTEROID, OBJECT]
    expect(page.locator("#dead td").nth(3)).to_have_text(OBJECT)
    page.get_by_role("button", name=OBJECT).click()
    detail = page.get_by_role("dialog")
    facts = detail.locator("dd").all_inner_texts()
    assert (OBJECT in facts, SOURCE in facts) == (True, True)
    assert any("pixels of 0.20″, north 20° right of up" in fact for fact in facts)
    assert findings(page) == []
    page.keyboard.press("Escape")


def test_links_lead_to_the_exact_object_and_an_asteroid_has_none_of_an_object(page: Page) -> None:
    cards = page.locator(".card")
    asteroid, star = (
        cards.nth(place).locator(".links a").evaluate_all(ADDRESSES) for place in (0, 1)
    )
    assert [link for link in star if OBJECT in link] == star[:3]
    assert not any(ASTEROID in link for link in asteroid)
    assert len(asteroid) == 2


def test_a_first_visit_shows_why_there_is_no_template(page: Page) -> None:
    expect(page.locator(".card").first.locator("img")).to_have_count(2)
    expect(page.locator(".card").first.locator(".problem")).to_contain_text("no template stamp")


def test_the_source_is_marked_where_it_is_in_the_stamp(page: Page) -> None:
    picture = page.locator(".card").first.locator(".picture").first
    across, upwards, *_ = picture.locator("line").evaluate_all(ENDS)
    # The stamp is as high as the square, and in its middle; the centre of pixel 25, 30 is marked.
    assert across[1] == across[3] == pytest.approx(100 * (1 - 30.5 / 48), abs=0.1)
    assert upwards[0] == upwards[2] == pytest.approx(100 * (0.5 + (25.5 - 20) / 48), abs=0.1)
