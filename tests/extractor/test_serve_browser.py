"""The web page in a real browser: a photo is dropped, its words, maps, text and JSON are there, and nothing complains."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
import uvicorn
from PIL import Image as Pictures

from extractor.page import Line, Page, Word
from extractor.serve.app import create_app
from extractor.serve.limits import Limits
from extractor.serve.start import Address, url_of
from synthgen.arrays import Image
from tests.extractor.serve_fixture import FakeExtractor, photo
from tests.extractor.serve_process import Serving, label, serving
from tests.extractor.serve_tab import STATUS, display, drop, hover, read, wait
from tests.headless import Page as Tab
from tests.headless import browser

pytestmark = pytest.mark.slow
TEXTS = (("KRAFT",), ("<img src=x onerror=alert(1)>", "Sandwich"), ("15", "FL", "OZ"))
LIT = "[...document.querySelectorAll('#lines button.lit')].map((word) => word.textContent)"
LIT_PATHS = "document.querySelectorAll('#frame path.lit').length"


class Labels(FakeExtractor):
    """Reads the same six words on every photo, in boxes of its own size."""

    def extract(self, image: Image) -> Page:
        self._wait(image)
        if self.fault:
            raise self.fault
        words = []
        for row, line in enumerate(TEXTS):
            for column, text in enumerate(line):
                left, top = 10 + 60 * column, 10 + 40 * row
                quad = np.array([[left, top], [left + 50, top], [left + 50, top + 30], [left, top + 30]], dtype=np.float32)
                words.append(Word(text, quad, None, 0.9, 0.8, row))
        starts = np.cumsum([0, *map(len, TEXTS)]).tolist()
        lines = [Line(" ".join(line), tuple(range(start, start + len(line)))) for start, line in zip(starts, TEXTS, strict=False)]
        return Page(image.shape[0], image.shape[1], tuple(words), tuple(lines))


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        page.call("Browser.setPermission", permission={"name": "clipboard-write"}, setting="granted")
        yield page


@pytest.fixture(scope="module")
def fake() -> Iterator[tuple[str, Labels]]:
    """Return the address of a server in a thread, and what it reads with."""
    extractor = Labels()
    with Address(port=0).listen() as listening:
        server = uvicorn.Server(uvicorn.Config(create_app(extractor, Limits(max_bytes=50_000)), log_config=None))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield url_of(listening), extractor
        server.should_exit = True
        thread.join(timeout=30)


@pytest.fixture
def shown(chromium: Tab, fake: tuple[str, Labels]) -> Iterator[Tab]:
    """The page, opened anew; whatever the test did, the browser may have nothing to complain about."""
    chromium.complaints.clear()
    chromium.open(fake[0])
    yield chromium
    assert chromium.complaints == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "jar of <b>jam.png"
    path.write_bytes(photo(240, 160))
    return path


def test_a_dropped_photo_is_seen_with_its_boxes_and_its_text(shown: Tab, picture: Path) -> None:
    assert display(shown, "#result") == "none"
    read(shown, picture)
    assert shown.value("document.querySelector('#frame img').naturalWidth") == 240
    assert (
        shown.value("[...document.querySelectorAll('#frame path')].map((path) => path.getAttribute('d'))[3]")
        == "M10 90L60 90L60 120L10 120Z"
    )
    assert shown.value("[...document.querySelectorAll('#lines li')].map((line) => line.textContent.trim())") == [
        " ".join(line) for line in TEXTS
    ]
    assert str(shown.value(STATUS)).startswith("6 words on 3 lines, read in ")
    assert shown.value("document.querySelectorAll('#lines img').length") == 0
    assert shown.value("[...document.querySelectorAll('#fields tr')].map((row) => row.children[1].textContent)") == ["15 FL OZ"]


def test_boxes_and_maps_are_shown_and_hidden_by_their_buttons(shown: Tab, picture: Path) -> None:
    read(shown, picture)
    for layer, selector, begins in (
        ("words", "#frame svg", "block"),
        ("region", "#frame img.region", "none"),
        ("affinity", "#frame img.affinity", "none"),
    ):
        other = {"block": "none", "none": "block"}[begins]
        assert display(shown, selector) == begins
        for seen in (other, begins):
            shown.value(f"document.querySelector('[data-layer={layer}]').click()")
            assert display(shown, selector) == seen
            assert (
                shown.value(f"document.querySelector('[data-layer={layer}]').getAttribute('aria-pressed')") == str(seen == "block").lower()
            )
    shown.value("document.querySelector('[data-layer=region]').click()")
    assert (
        shown.value(
            "document.querySelector('#frame img.region').decode().then(() => document.querySelector('#frame img.region').naturalWidth)"
        )
        == 120
    )
    assert "heat-region" in str(shown.value("getComputedStyle(document.querySelector('#frame img.region')).filter"))


def test_a_word_lights_up_on_the_photo_and_in_the_text_together(shown: Tab, picture: Path) -> None:
    read(shown, picture)
    hover(shown, "#lines button")
    assert shown.value(LIT) == ["KRAFT"] and shown.value(LIT_PATHS) == 1
    hover(shown, "#frame path:nth-child(3)")
    assert shown.value(LIT) == ["Sandwich"]
    assert shown.value("document.getElementById('about-word').textContent") == "Sandwich: 80 % sure of the text, 90 % of the place"
    hover(shown, "#fields button")
    assert shown.value(LIT) == ["15", "FL", "OZ"] and shown.value(LIT_PATHS) == 3
    hover(shown, "h1")
    assert shown.value(LIT) == []


def test_all_of_it_works_by_keyboard(shown: Tab, picture: Path) -> None:
    read(shown, picture)
    focus = "(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent).trim()"
    stops = []
    for _ in range(10):
        shown.press("Tab")
        stops.append(shown.value(focus))
    assert stops == [
        "Skip to content",
        "Dark colours",
        "Choose a photo",
        "Words",
        "Region",
        "Affinity",
        "Copy text",
        "Download JSON",
        "KRAFT",
        "15 FL OZ",
    ]
    shown.press("Tab", shift=True)
    assert shown.value(LIT) == ["KRAFT"]
    for key, text in (("ArrowDown", TEXTS[1][0]), ("ArrowRight", "Sandwich"), ("End", "OZ"), ("ArrowUp", TEXTS[1][0]), ("Home", "KRAFT")):
        shown.press(key)
        assert shown.value(LIT) == [text] and shown.value(focus) == text
    shown.value("document.querySelector('[data-layer=region]').focus()")
    shown.press("Enter")
    assert display(shown, "#frame img.region") == "block"


def test_the_json_to_download_is_what_the_api_answers_and_the_text_is_copied(
    shown: Tab, fake: tuple[str, Labels], picture: Path, tmp_path: Path
) -> None:
    shown.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "downloads"))
    read(shown, picture)
    assert shown.value("document.getElementById('download').download") == "jar of <b>jam.json"
    shown.value("document.getElementById('download').click()")
    end = time.monotonic() + 20
    while not (found := [*(tmp_path / "downloads").glob("jar of *jam.json")]):
        assert time.monotonic() < end
        time.sleep(0.02)
    with urlopen(Request(f"{fake[0]}extract", data=picture.read_bytes())) as answer:
        asked = json.loads(answer.read())
    downloaded = json.loads(found[0].read_text(encoding="utf-8"))
    assert {**downloaded, "seconds": 0} == {**asked, "seconds": 0} and downloaded["text"] == "\n".join(" ".join(line) for line in TEXTS)
    shown.value("document.getElementById('copy').click()")
    wait(shown, f"{STATUS} === 'The text is copied.'")


def test_a_fault_is_told_and_a_second_photo_works(shown: Tab, picture: Path, tmp_path: Path) -> None:
    text, large = tmp_path / "a.txt", tmp_path / "large.png"
    text.write_text("no picture", encoding="utf-8")
    large.write_bytes(bytes(50_001))
    drop(shown, large)
    wait(shown, "!document.getElementById('fault').hidden")
    assert (
        shown.value("document.getElementById('fault-text').textContent")
        == "large.png: need at most 50,000 bytes, got 50,001; send a smaller photo"
    )
    assert shown.complaints == []  # it was not sent
    drop(shown, text)
    wait(shown, "document.getElementById('fault-text').textContent.startsWith('body: need a picture')")
    assert display(shown, "#result") == "none" and shown.value("document.getElementById('again').hidden") is True
    assert len(shown.complaints) == 1 and "415" in shown.complaints[0]
    shown.complaints.clear()
    read(shown, picture)
    assert display(shown, "#fault") == "none" and display(shown, "#result") != "none"


def test_a_picture_that_browsers_cannot_show_has_its_boxes_all_the_same(shown: Tab, tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    path.write_bytes(photo(240, 160, "TIFF", compression="tiff_lzw"))
    read(shown, path)
    wait(shown, "!document.getElementById('unshown').hidden")
    assert shown.value("document.querySelectorAll('#frame path').length") == 6
    assert shown.value("document.getElementById('frame').clientWidth / document.getElementById('frame').clientHeight") == pytest.approx(
        1.5, abs=0.01
    )


def test_what_fails_for_a_while_can_be_tried_again(shown: Tab, fake: tuple[str, Labels], picture: Path) -> None:
    fake[1].fault = ZeroDivisionError("once")
    drop(shown, picture)
    wait(shown, "document.getElementById('fault-text').textContent.startsWith('server: it failed')")
    fake[1].fault = None
    shown.value("document.getElementById('again').click()")
    wait(shown, f"{STATUS}.includes('read in')")
    assert display(shown, "#fault") == "none"
    assert len(shown.complaints) == 1 and "500" in shown.complaints[0]
    shown.complaints.clear()


def test_another_photo_takes_the_place_of_one_that_is_being_read(
    shown: Tab, fake: tuple[str, Labels], picture: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(photo(100, 200))
    fake[1].gate.clear()
    drop(shown, picture)
    wait(shown, f"{STATUS}.startsWith('Reading jar')")
    assert shown.value("document.querySelector('#frame img').decode().then(() => true)") is True
    drop(shown, other)
    wait(shown, f"{STATUS}.startsWith('Reading other')")
    fake[1].gate.set()
    wait(shown, f"{STATUS}.includes('read in')")
    assert shown.value("document.querySelector('#frame svg').getAttribute('viewBox')") == "0 0 100 200"


def test_a_photo_can_be_chosen_or_pasted_too(shown: Tab, picture: Path) -> None:
    node = shown.call("Runtime.evaluate", expression="document.getElementById('file')")["result"]
    assert isinstance(node, dict)
    shown.call("DOM.setFileInputFiles", files=[str(picture)], objectId=node["objectId"])
    wait(shown, f"{STATUS}.includes('read in')")
    content = base64.b64encode(picture.read_bytes()).decode()
    shown.value(
        "const data = new DataTransfer();"
        f"data.items.add(new File([Uint8Array.from(atob('{content}'), (one) => one.charCodeAt(0))], 'pasted.png', {{type: 'image/png'}}));"
        "document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}))"
    )
    wait(shown, "document.getElementById('download').download === 'pasted.json'")


def test_colours_follow_the_system_and_it_fits_a_phone(chromium: Tab, fake: tuple[str, Labels], picture: Path, tmp_path: Path) -> None:
    grounds = []
    for dark in (False, True):
        chromium.open(fake[0], dark=dark, width=360, height=740)
        read(chromium, picture)
        assert chromium.value("document.documentElement.scrollWidth") == 360
        grounds.append(chromium.value("getComputedStyle(document.body).backgroundColor"))
        chromium.value("document.getElementById('theme').click()")
        grounds.append(chromium.value("getComputedStyle(document.body).backgroundColor"))
        chromium.value("localStorage.clear()")
    assert grounds[0] == grounds[3] != grounds[1] == grounds[2]


@pytest.fixture(scope="module")
def real() -> Iterator[Serving]:
    with serving() as server:
        yield server


@pytest.mark.parametrize("name", ["light", "dark", "narrow"])
def test_the_weights_that_come_along_read_a_label_in_it(chromium: Tab, real: Serving, tmp_path: Path, name: str) -> None:
    path = tmp_path / "label.jpg"
    path.write_bytes(label("KRAFT", "Sandwich Spread", "15 FL OZ (443 mL)", width=720))
    chromium.complaints.clear()
    chromium.open(real.url, width=360 if name == "narrow" else 1280, dark=name == "dark")
    read(chromium, path)
    assert (
        chromium.value("document.querySelectorAll('#frame path').length")
        == chromium.value("document.querySelectorAll('#lines button').length")
        != 0
    )
    chromium.shoot(tmp_path / f"{name}-words.png", whole=True)
    chromium.value("document.querySelector('[data-layer=region]').click()")
    chromium.shoot(tmp_path / f"{name}-region.png", whole=True)
    plain, heat = (np.asarray(Pictures.open(tmp_path / f"{name}-{layer}.png").convert("RGB")) for layer in ("words", "region"))
    assert plain.shape == heat.shape and (plain != heat).any() and plain.std() > 10
    assert chromium.complaints == []
