"""A report in a real browser, from a file, without a network: it is whole, its controls work, also by keyboard, and nothing complains."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from synthgen.draw import MAPS, OUTLINES, heated
from synthgen.report.inspect import inspect
from tests.fake_runs import fake_job, render
from tests.headless import INSTALL, Page, browser
from tests.report_page import Seen, seen_in, words_of
from tests.sound_runs import SCENE_SIZE, picture, replant, sound_run

pytestmark = pytest.mark.slow
COUNT = "document.getElementById('count').textContent"
FOCUS = "(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent || document.activeElement.id).trim()"
HOSTILE = ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a & b", 'say "hi"', "Hello", "Hello 2"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    render(fake_job(folder / "shards", n=60, scenes=16, size=10))
    inspect(folder / "shards", folder / "report.html", 160, seed=0)
    return folder / "report.html"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def shown(chromium: Page, report: Path) -> Iterator[Page]:
    """The report, opened anew; whatever the test did, the browser may have nothing to complain about."""
    chromium.complaints.clear()
    chromium.open(report)
    yield chromium
    assert chromium.complaints == []


@pytest.fixture(scope="module")
def written(report: Path) -> Seen:
    return seen_in(report.read_text(encoding="utf-8"))


def click(page: Page, selector: str) -> None:
    page.value(f"document.querySelector({json.dumps(selector)}).click()")


def fill(page: Page, **fields: str) -> object:
    """Fill fields in as someone would who types, and return the count that is then shown."""
    for name, value in fields.items():
        node = f"document.getElementById('{name.replace('_', '-')}')"
        page.value(f"{node}.value = {json.dumps(value)}; {node}.dispatchEvent(new Event('input', {{bubbles: true}}))")
    return page.value(f"new Promise((done) => setTimeout(() => done({COUNT}), 200))")


def display(page: Page, selector: str) -> object:
    return page.value(f"getComputedStyle(document.querySelector({json.dumps(selector)})).display")


def test_it_renders_every_section_and_sample(shown: Page) -> None:
    assert shown.value(COUNT) == "60 of 60 words"
    assert shown.value("[...document.querySelectorAll('h2')].slice(0, 5).map((title) => title.textContent).join()") == (
        "Overview,Samples,Statistics,Texts,Recipe and versions"
    )
    assert shown.value("document.querySelectorAll('.sample img').length") == 60
    decoded = "[...document.querySelectorAll('.sample img')].map((picture) => picture.decode().then(() => picture.naturalWidth > 0))"
    assert shown.value(f"Promise.all({decoded}).then((all) => all.every(Boolean))") is True
    assert shown.value("[...document.querySelectorAll('figure svg')].every((chart) => chart.getBoundingClientRect().height > 20)") is True


def test_layers_are_shown_and_hidden_by_their_buttons(shown: Page) -> None:
    assert display(shown, "#wall .chars") == "none"
    click(shown, "[data-layer=chars]")
    assert display(shown, "#wall .chars") != "none"
    assert shown.value("document.querySelector('[data-layer=chars]').getAttribute('aria-pressed')") == "true"
    click(shown, "[data-layer=chars]")
    assert display(shown, "#wall .chars") == "none"


def test_maps_of_scenes_are_loaded_when_asked_for_and_stay_for_scenes_shown_later(shown: Page) -> None:
    click(shown, "[data-table=scenes]")
    assert str(shown.value(COUNT)).startswith("16 of 16 scenes, ")
    for layer in ("region", "affinity"):
        assert shown.value(f"document.querySelectorAll('img.{layer}[src]').length") == 0
        click(shown, f"[data-layer={layer}]")
        assert display(shown, f"img.{layer}") != "none"
        decoded = f"Promise.all([...document.querySelectorAll('img.{layer}')].map((map) => map.decode().then(() => map.naturalWidth)))"
        assert shown.value(decoded) == [10] * 12
    click(shown, "#more")
    assert shown.value("document.querySelectorAll('img.region[src]').length") == 16
    assert display(shown, "#wall .words") != "none" and display(shown, "#wall .ignored") != "none"
    assert display(shown, "#wall .polygons") == "none"


@pytest.mark.parametrize("kind", MAPS)
def test_a_map_has_the_colours_in_the_browser_that_it_has_in_pictures(chromium: Page, tmp_path: Path, kind: str) -> None:
    out, value = sound_run(tmp_path / "run"), 150
    grey, even = picture(".png", (*SCENE_SIZE, 3), 40), picture(".png", (11, 25), value // 3)
    replant(out, "scenes/scenes-00000.parquet", lambda rows: rows[0].update({"image": {"bytes": grey}, kind: {"bytes": even}}))
    inspect(out / "scenes" / "scenes-00000.parquet", tmp_path / "report.html", 100, seed=0)
    chromium.open(tmp_path / "report.html")
    click(chromium, "[data-layer=words]")
    click(chromium, "[data-layer=ignored]")
    click(chromium, f"[data-layer={kind}]")
    chromium.value("document.querySelector('.sample').scrollIntoView()")
    chromium.value("new Promise((done) => setTimeout(done, 300))")
    box = chromium.value(
        "(({x, y, width, height}) => [x, y, width, height])(document.querySelector('.sample .frame').getBoundingClientRect())"
    )
    assert isinstance(box, list)
    chromium.shoot(tmp_path / "seen.png")
    pixels = np.asarray(Pictures.open(tmp_path / "seen.png").convert("RGB"))[int(box[1] + box[3] / 2), int(box[0] + box[2] / 2)]
    need = heated(np.full((2, 2, 3), 120, np.uint8), np.full((1, 1), value, np.uint8), kind)[0, 0]
    assert pixels.astype(int) == pytest.approx(need.astype(int), abs=3)


def test_outlines_have_the_colours_in_the_browser_that_they_have_in_pictures(shown: Page) -> None:
    click(shown, "[data-table=scenes]")
    for kind in ("words", "ignored", "chars", "polygons"):
        stroke = f"getComputedStyle(document.querySelector('#wall .layer.{kind} path')).stroke"
        assert shown.value(stroke) == f"rgb{OUTLINES[kind].rgb}"


def test_filters_keep_the_words_that_pass_and_say_how_many(shown: Page, written: Seen) -> None:
    words = written.samples()["words"]

    def told(kept: list[dict[str, object]]) -> str:
        return f"{len(kept)} of {len(words)} words"

    assert fill(shown, containing="5€") == told([word for word in words if "5€" in str(word["text"])])
    assert fill(shown, containing="", font="Plain") == told([word for word in words if word["font"] == "Plain"])
    assert fill(shown, length_low="3", length_high="6") == told(
        [word for word in words if word["font"] == "Plain" and 3 <= len(str(word["text"])) <= 6]
    )
    click(shown, "button[type=reset]")
    assert fill(shown, size_low="12", size_high="20") == told([word for word in words if 12 <= int(str(word["width"])) <= 20])
    assert shown.value("document.querySelectorAll('.sample').length") == int(str(shown.value(COUNT)).split()[0])
    assert fill(shown, containing="never there") == "0 of 60 words"
    assert shown.value("document.getElementById('wall').textContent") == "No sample passes these filters."


def test_a_scene_is_kept_for_one_word_that_passes_and_the_others_fade(shown: Page, written: Seen) -> None:
    click(shown, "[data-table=scenes]")
    scenes = written.samples()["scenes"]
    texts = [[word["text"] for word in scene["words"]] for scene in scenes]  # type: ignore[attr-defined]  # as the page's JSON has it
    kept = [sum("x" in text for text in of) for of in texts]
    told = f"{sum(count > 0 for count in kept)} of 16 scenes, {sum(kept)} of {sum(map(len, texts))} words in them"
    assert fill(shown, containing="x") == told
    seen = "#wall .words path:not(.other), #wall .ignored path:not(.other)"
    assert shown.value(f"document.querySelectorAll({json.dumps(seen)}).length") == sum(kept)


def test_a_rare_character_shows_the_samples_with_it(shown: Page) -> None:
    click(shown, "[data-of=words]")
    assert shown.value("document.getElementById('containing').value") == "!"
    assert shown.value(COUNT) == "0 of 60 words"
    click(shown, "[data-of=scenes]")
    assert str(shown.value(COUNT)).startswith("0 of 16 scenes")


def test_the_keyboard_reaches_all_in_order_and_the_wall_is_one_stop(shown: Page) -> None:
    stops = []
    for _ in range(24):
        shown.press("Tab")
        stops.append(str(shown.value(FOCUS)))
    first = ["Skip to content", "Dark colours", "Overview", "Samples", "Statistics", "Texts", "Recipe", "Counts of the run"]
    assert stops[:8] == first
    assert stops[8:11] == ["Words (60)", "Scenes (16)", "Character quads"]
    wall = next(place for place, stop in enumerate(stops) if stop.startswith("Word "))
    assert stops[wall - 1] == "Clear"
    assert stops[wall + 1] == "Chart of characters"
    for _ in range(24 - wall - 1):
        shown.press("Tab", shift=True)
    assert shown.value(FOCUS) == stops[wall]


def test_arrows_move_on_the_wall_and_a_sample_opens_and_closes_by_keyboard(shown: Page) -> None:
    at = "[...document.querySelectorAll('.sample')].indexOf(document.activeElement)"
    shown.value("document.querySelector('.sample').focus()")
    for key, place in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 59), ("Home", 0)):
        shown.press(key)
        assert shown.value(at) == place
    shown.press("ArrowDown")
    below = shown.value(at)
    assert isinstance(below, int)
    assert below > 2
    shown.press("Enter")
    opened = "document.getElementById('closer').open"
    assert shown.value(opened) is True
    shown.press("ArrowRight")
    title = shown.value("document.getElementById('closer-title').textContent")
    assert title == shown.value(f"document.querySelectorAll('.sample .name')[{below + 1}].textContent")
    assert "Font" in str(shown.value("document.getElementById('closer-labels').textContent"))
    shown.press("Escape")
    assert shown.value(opened) is False
    assert shown.value(at) == below + 1


@pytest.mark.parametrize("dark", [False, True])
def test_colours_follow_the_system_and_the_button_turns_them(chromium: Page, report: Path, dark: bool) -> None:
    chromium.open(report, dark=dark)
    chromium.value("localStorage.clear()")
    chromium.open(report, dark=dark)
    light = "Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]) > 128"
    assert chromium.value(light) is not dark
    click(chromium, "#theme")
    assert chromium.value(light) is dark
    assert chromium.value("document.getElementById('theme').textContent") == ("Dark" if dark else "Light")
    bar = "getComputedStyle(document.querySelector('figure svg [id*=-bar-] path')).fill"
    ground = "getComputedStyle(document.querySelector('.card')).backgroundColor"
    assert chromium.value(bar) != chromium.value(ground)
    chromium.value("localStorage.clear()")


def test_it_fits_a_phone(chromium: Page, report: Path) -> None:
    chromium.open(report, width=360, height=740)
    assert chromium.value("document.documentElement.scrollWidth") == 360
    click(chromium, "[data-table=scenes]")
    click(chromium, ".sample")
    assert chromium.value("document.documentElement.scrollWidth") == 360
    assert chromium.value("document.getElementById('closer').getBoundingClientRect().width <= 360") is True


def test_text_that_looks_like_markup_is_text_in_the_browser_too(chromium: Page, tmp_path: Path) -> None:
    chromium.complaints.clear()
    shard = words_of(HOSTILE, ["<b>Font</b>", *["Plain"] * 5], tmp_path / "words-00000.parquet")
    inspect(shard, tmp_path / "report.html", 10, seed=0)
    chromium.open(tmp_path / "report.html")
    assert chromium.value("[...document.querySelectorAll('.sample .name')].map((name) => name.textContent)") == HOSTILE
    assert chromium.value("document.querySelectorAll('b').length") == 0
    assert chromium.value("[...document.getElementById('font').options].map((font) => font.value).includes('<b>Font</b>')") is True
    assert chromium.complaints == []


def test_the_browser_hears_of_what_it_should_complain_about(chromium: Page, tmp_path: Path, report: Path) -> None:
    chromium.complaints.clear()
    text = report.read_text(encoding="utf-8")
    (tmp_path / "report.html").write_text(text.replace("</main>", "<img src='https://x.example/a.png'></main>"), encoding="utf-8")
    chromium.open(tmp_path / "report.html")
    chromium.value("new Promise((done) => setTimeout(done, 100))")
    assert any("x.example" in complaint for complaint in chromium.complaints)
    chromium.complaints.clear()


def test_without_a_browser_the_test_fails_with_the_line_that_installs_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.headless.NAMES", ("no-such-browser",))
    with pytest.raises(pytest.fail.Exception, match=f"found none of no-such-browser; {INSTALL}"), browser(tmp_path):
        pass
