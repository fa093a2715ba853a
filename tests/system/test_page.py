"""The page in a real browser, at the width of a phone and of a desk, on a worker on Kafka."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.browser import chromium, findings
from tests.support.topics import produce
from tests.support.waiting import until
from tests.support.web import address, get, shadow_counts
from tests.support.worker import Worker, worker
from tests.system.conftest import environment
from tests.system.survey_setups import SurveySetup

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
SHADOW = Path(__file__).parents[2] / "model" / "ztf"
SIMULATED = SHADOW / "sample.avro"
# The places on the screen of a stamp and of its marks: [left, top, right, bottom] in CSS pixels.
PLACES = """card => [...card.querySelectorAll(".picture")].map(one => {
  const box = (part) => {
    const {left, top, right, bottom} = part.getBoundingClientRect();
    return [left, top, right, bottom];
  };
  const texts = [...one.querySelectorAll("text")].map(text => [text.textContent, box(text)]);
  return {image: box(one.querySelector("img")), alt: one.querySelector("img").alt,
          lines: [...one.querySelectorAll("line")].map(box), texts: Object.fromEntries(texts)};
})"""
# The counts of the shadow model's table: [live class, shadow class, count].
COUNTS = """() => {
  const texts = (row) => [...row.children].map(one => one.textContent);
  const [head, ...rows] = [...document.querySelectorAll("#beside-table tr")].map(texts);
  return rows.flatMap(([live, ...counts]) => counts.map((one, at) => [live, head[at + 1], +one]));
}"""
SCHEMES = {"phone": "dark", "desk": "light"}
# A card is drawn every half second, and the machine may be busy.
PATIENCE = 60_000
MOST_VIEWERS = 16


@dataclass(frozen=True, kw_only=True)
class Served:
    """A worker that has classified all messages of a survey, and the address of its page.

    It has a shadow model.
    """

    survey: SurveySetup
    worker: Worker
    url: str
    topic: str

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0


@pytest.fixture(scope="module")
def served(
    kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    setup = environment(kafka.bootstrap, **ztf_setup.settings, SHADOW_MODEL_PATH=str(SHADOW))
    produce(kafka.bootstrap, setup["CONSUMER_TOPICS"], ztf_setup.sent)
    with worker(setup, tmp_path_factory.mktemp("worker")) as running:
        running.wait_for(f"{len(ztf_setup.sent)} in all")
        yield Served(
            survey=ztf_setup,
            worker=running,
            url=f"{address(running)}/",
            topic=setup["CONSUMER_TOPICS"],
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(params=["phone", "desk"])
def page(request: pytest.FixtureRequest, browser: Browser, served: Served) -> Iterator[Page]:
    """The page with cards on it; nothing may have been complained of, or fetched from elsewhere."""
    width = PHONE if request.param == "phone" else DESK
    context = browser.new_context(viewport=width, color_scheme=SCHEMES[request.param])  # type: ignore[arg-type]
    opened = context.new_page()
    complaints: list[str] = []
    foreign: list[str] = []
    opened.on("console", lambda one: complaints.append(one.text) if one.type != "log" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda one: foreign.append(one.url) if not _own(one.url, served) else None)
    opened.goto(served.url)
    expect(opened.locator(".card").nth(5)).to_be_visible(timeout=PATIENCE)
    yield opened
    context.close()
    assert (complaints, foreign) == ([], [])


def _own(url: str, served: Served) -> bool:
    return url.startswith((served.url, "data:image/png;"))


def test_it_shows_the_figures_of_the_stream(page: Page, served: Served) -> None:
    classified = served.survey.classified
    expect(page.locator("#state")).to_have_text("Ready")
    expect(page.locator("#total")).to_have_text(str(len(served.survey.sent)))
    expect(page.locator("#lag")).to_have_text("0")
    classes = page.locator("#classes li").all_inner_texts()
    assert [one.split()[0] for one in classes] == list(served.survey.classes)
    expect(page.locator("#outcomes li[data-class=dead_lettered] .number")).to_have_text("3")
    texts = [one.split() for one in page.locator("#outcomes li").all_inner_texts()]
    outcomes = {" ".join(words): number for *words, number in texts}
    assert list(outcomes) == ["classified", "superseded", "ruled out", "dead lettered"], texts
    assert sum(map(int, outcomes.values())) == len(served.survey.sent)
    assert int(outcomes["classified"]) == sum(int(one.split()[-1]) for one in classes)
    assert int(outcomes["classified"]) <= len(classified)


def test_a_card_has_the_stamps_and_what_classify_says(page: Page, served: Served) -> None:
    classified = {(row["aid"], row["class_name"]): row for row in served.survey.classified}
    for card in page.locator(".card").all()[:5]:
        aid = card.locator("h3").inner_text()
        name, probability = card.locator(".badge").inner_text().split()
        row = classified[aid, name]
        assert float(probability) == pytest.approx(max(row["probabilities"].values()), abs=0.006)
        assert card.locator("img").count() == 3
        for image in card.locator("img").all():
            size = image.evaluate("one => [one.naturalWidth, one.naturalHeight, one.complete]")
            assert size == [63, 63, True]
        links = card.locator(".links a").evaluate_all("all => all.map(one => one.href)")
        assert f"https://alerce.online/object/{row['oid']}" in links
        assert any("AladinLite" in link for link in links)


def test_stamps_have_their_centre_a_scale_bar_and_north_and_east(page: Page) -> None:
    stamps = page.locator(".card").first.evaluate(PLACES)
    assert [stamp["alt"].split()[0] for stamp in stamps] == ["science", "template", "difference"]
    for stamp in stamps:
        left, top, right, bottom = stamp["image"]
        assert stamp["alt"].endswith(", north up, east left")
        assert list(stamp["texts"]) == ['10"', "N", "E"]
        for mark in (*stamp["lines"], *stamp["texts"].values()):
            assert left - 1 <= mark[0] <= mark[2] <= right + 1
            assert top - 1 <= mark[1] <= mark[3] <= bottom + 1
        across, upwards, bar, *_ = stamp["lines"]
        assert (across[1] + across[3]) / 2 == pytest.approx((top + bottom) / 2, abs=1)
        assert (upwards[0] + upwards[2]) / 2 == pytest.approx((left + right) / 2, abs=1)
        # ZTF's pixels are 1.01 arcsec wide.
        assert bar[2] - bar[0] == pytest.approx(10 / 1.01 / 63 * (right - left), abs=2)
        north, east = stamp["texts"]["N"], stamp["texts"]["E"]
        assert north[3] < east[1]
        assert east[2] < north[0]
        # Small, and readable on the card, too.
        assert 8 < north[3] - north[1] < 16


def test_a_filter_leaves_one_class(page: Page) -> None:
    buttons = page.get_by_role("group", name="Show only one class").get_by_role("button")
    assert buttons.first.inner_text() == "All"
    label = page.locator(".badge").first.inner_text().split()[0]
    page.get_by_role("button", name=label, exact=True).click()
    badges = page.locator(".badge").all_inner_texts()
    assert {badge.split()[0] for badge in badges} == {label}
    buttons.first.click()
    expect(page.locator(".card").nth(len(badges))).to_be_visible(timeout=PATIENCE)


def test_a_card_opens_by_the_keyboard_and_closes_by_it(page: Page) -> None:
    opener = page.locator(".card .open").first
    opener.focus()
    page.keyboard.press("Enter")
    detail = page.get_by_role("dialog")
    expect(detail).to_be_visible()
    expect(detail.get_by_role("heading")).to_have_text(opener.inner_text())
    expect(detail.locator("dl")).to_contain_text(re.compile(r"mjd [56]\d{4}\.\d"))
    assert findings(page) == []
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    expect(opener).to_be_focused()


def test_it_can_be_paused(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#state")).to_have_text("Ready")


def test_it_shows_what_the_shadow_model_says_beside_the_live_one(
    page: Page, served: Served
) -> None:
    until(lambda: counts(page) == compared(served) != {}, 60, lambda: str(compared(served)))
    found = counts(page)
    same = sum(count for (live, shadow), count in found.items() if live == shadow)
    assert 0 < same < sum(found.values())
    expect(page.locator("#beside-legend")).to_be_visible()
    summary = page.locator("#beside-summary")
    expect(summary).to_contain_text(
        f": the same class for {same} of {sum(found.values())} alerts since the worker started; the"
    )
    expect(summary).to_have_text(re.compile(r"^stampapp_ztf_simulated .* [\d.]+ ms an alert\.$"))


def counts(page: Page) -> dict[tuple[str, str], int]:
    """The counts of live and shadow class that are not 0, on the page."""
    return {(live, shadow): count for live, shadow, count in page.evaluate(COUNTS) if count}


def compared(served: Served) -> dict[tuple[str, str], int]:
    """The same from the metrics, in the words of the page."""
    found = shadow_counts(served.worker)
    return {(a.replace("_", " "), b.replace("_", " ")): count for (a, b), count in found.items()}


def test_dead_letters_have_their_causes(page: Page) -> None:
    rows = page.locator("#dead tr")
    expect(rows).to_have_count(3)
    for text in rows.all_inner_texts():
        assert "stamp-damaged" in text
        assert "difference stamp" in text
    expect(page.locator("#causes")).to_have_text("In the last hour: stamp-damaged (3).")


def test_it_is_accessible(page: Page) -> None:
    assert findings(page) == []


def test_it_fits_the_width_and_is_read_in_order(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    levels = page.locator("h1, h2, h3").evaluate_all("all => all.map(one => one.tagName)")
    assert levels[0] == "H1"
    assert levels.count("H1") == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the latest alerts"


def test_nothing_comes_from_elsewhere_and_nothing_is_inline(served: Served) -> None:
    status, headers, body = get(served.url)
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    text = body.decode()
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
    assert not re.search(r"<style|style=|<script>| on[a-z]+=", text)
    script = get(f"{served.url}page.js")[2].decode()
    assert "innerHTML" not in script
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_number_of_viewers_is_limited(served: Served) -> None:
    streams: list[HTTPConnection] = []
    deadline = time.monotonic() + 60
    try:
        while len(streams) < MOST_VIEWERS:
            # Who has left is missed when the next event is written.
            assert time.monotonic() < deadline
            connection, answer = _listen(served)
            if answer.status == 200:
                streams.append(connection)
            else:
                connection.close()
                time.sleep(0.5)
        connection, answer = _listen(served)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
        connection.close()
    finally:
        for connection in streams:
            connection.close()


def test_a_simulated_alert_says_so_and_has_no_links(
    browser: Browser, kafka: ApacheKafka, served: Served
) -> None:
    messages = alert_messages.stream(SIMULATED)
    produce(kafka.bootstrap, served.topic, messages)
    opened = browser.new_page()
    opened.goto(served.url)
    cards = opened.locator(".card")
    simulated = cards.filter(has_text=(messages[0].key or b"").decode())
    expect(simulated).to_have_count(len(messages), timeout=PATIENCE)
    expect(simulated).to_contain_text("Simulated")
    assert simulated.get_by_role("link").count() == 0
    expect(cards.filter(has_text="Simulated")).to_have_count(len(messages))
    simulated.get_by_role("button").click()
    detail = opened.get_by_role("dialog")
    expect(detail).to_contain_text("Simulated")
    assert detail.get_by_role("link").count() == 0
    assert findings(opened) == []
    opened.close()


def test_the_worker_stops_in_time_with_open_pages(
    browser: Browser, kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path: Path
) -> None:
    setup = environment(kafka.bootstrap, **ztf_setup.settings)
    with worker(setup, tmp_path) as running:
        url = address(running)
        opened = browser.new_page()
        opened.goto(f"{url}/")
        expect(opened.locator("#total")).to_have_text("0", timeout=PATIENCE)
        assert running.terminate() < 8.0
        assert running.process.returncode == 0, running.text()
        expect(opened.locator("#state")).to_contain_text("trying again")
        opened.close()


def test_it_is_off_by_one_setting(
    kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path: Path
) -> None:
    setup = environment(kafka.bootstrap, **ztf_setup.settings) | {"WEB_PAGE": "false"}
    with worker(setup, tmp_path) as running:
        url = address(running)
        assert b"<html" not in get(f"{url}/")[2]
        for path in ("events", "page.js", "page.css"):
            assert get(f"{url}/{path}")[0] == 404
        assert get(f"{url}/metrics")[0] == 200


def _listen(served: Served) -> tuple[HTTPConnection, HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=20)
    connection.request("GET", "/events")
    return connection, connection.getresponse()
