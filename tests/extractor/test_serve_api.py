"""What the server answers: the page of a photo, or a status and a reason."""

import asyncio
import base64
import io
import json

import numpy as np
import pytest
from PIL import Image as Pictures

from extractor.fields import find_fields
from extractor.page_json import page_to_json
from extractor.serve.app import create_app
from extractor.serve.limits import Limits
from tests.extractor.serve_fixture import Asker, FakeExtractor, Headers, Reply, fake_maps, fake_page, form_of, photo, png, served

PIXELS = np.asarray(Pictures.open(io.BytesIO(photo())).convert("RGB"))
TRUTH = json.loads(json.dumps({**page_to_json(fake_page(PIXELS)), "fields": [field.to_json() for field in find_fields(fake_page(PIXELS))]}))
LIMITS = Limits(max_bytes=100_000, max_pixels=1_000_000)


def post(body: bytes, headers: Headers | None = None, address: str = "/extract", extractor: FakeExtractor | None = None) -> Reply:
    return served(lambda asker: asker.ask("POST", address, body, headers), extractor, LIMITS)


def get(address: str, headers: Headers | None = None) -> Reply:
    return served(lambda asker: asker.ask("GET", address, b"", headers))


def without_seconds(reply: Reply) -> dict[str, object]:
    assert reply.status == 200, reply.body
    found = reply.json()
    seconds = found.pop("seconds")
    assert isinstance(seconds, float) and 0 <= seconds < 10
    return found


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "image/png"}, {"content-type": "application/x-www-form-urlencoded"}],
    ids=["none", "image", "curl's own"],
)
def test_a_photo_as_the_body_gives_its_page_and_fields(headers: Headers) -> None:
    assert without_seconds(post(photo(), headers)) == TRUTH
    assert TRUTH["text"] == f"40x24\nmean{PIXELS.mean():.0f} 15 FL OZ"
    assert [field["kind"] for field in TRUTH["fields"]] == ["volume"]


@pytest.mark.parametrize("filename", ["photo.jpg", "../../etc/passwd", "a" * 3000])
def test_a_photo_in_a_form_gives_the_same_whatever_the_file_is_called(filename: str) -> None:
    body, headers = form_of(photo(), filename=filename)
    assert without_seconds(post(body, headers)) == TRUTH


def test_the_maps_come_as_png_when_they_are_asked_for() -> None:
    found = without_seconds(post(photo(), address="/extract?maps=true"))
    maps = found.pop("maps")
    assert found == TRUTH and isinstance(maps, dict)
    for name, truth in (("region", fake_maps(PIXELS).region), ("affinity", fake_maps(PIXELS).affinity)):
        assert (np.asarray(Pictures.open(io.BytesIO(base64.b64decode(maps[name])))) == truth).all()
    assert maps["scale"] == 0.5


def test_a_photo_is_turned_as_its_camera_says_and_of_several_frames_the_first_is_read() -> None:
    exif = Pictures.Exif()
    exif[0x0112] = 6
    assert post(photo(form="JPEG", exif=exif)).json()["width"] == 24
    frames = [Pictures.new("RGB", (30, 20), colour) for colour in ("black", "white")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert "mean0" in str(post(file.getvalue()).json()["text"])


FORM = form_of(photo())
TWO_FILES = form_of(photo())[0].replace(b"--edge--\r\n", b"") + form_of(photo(), name="b")[0]
REFUSED = {
    "empty": (b"", {}, "/extract", 400, "no_photo"),
    "a form without a file": (b"--edge--\r\n", FORM[1], "/extract", 400, "no_photo"),
    "a form with a text": (
        b'--edge\r\nContent-Disposition: form-data; name="url"\r\n\r\nhttp://other/a.jpg\r\n--edge--\r\n',
        FORM[1],
        "/extract",
        400,
        "no_photo",
    ),
    "a form without its edge": (photo(), {"content-type": "multipart/form-data"}, "/extract", 400, "broken_form"),
    "a form that is none": (photo(), FORM[1], "/extract", 400, "broken_form"),
    "two files": (TWO_FILES, FORM[1], "/extract", 400, "broken_form"),
    "too long": (bytes(LIMITS.max_bytes + 1), {}, "/extract", 413, "too_large"),
    "too long a file in a form": (*form_of(bytes(LIMITS.max_bytes + 1)), "/extract", 413, "too_large"),
    "text": (b"hello " * 100, {"content-type": "image/jpeg"}, "/extract", 415, "not_a_picture"),
    "an address": (b'{"url": "http://other/a.jpg"}', {"content-type": "application/json"}, "/extract", 415, "not_a_picture"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", {}, "/extract", 415, "not_a_picture"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', {}, "/extract", 415, "not_a_picture"),
    "half a picture": (photo(200, 100, "JPEG")[:-900], {}, "/extract", 422, "broken_picture"),
    "a bomb's header": (png(60_000, 60_000), {}, "/extract", 422, "too_many_pixels"),
    "a little too large": (photo(1001, 1000), {}, "/extract", 422, "too_many_pixels"),
    "a strip": (png(30_001, 1), {}, "/extract", 422, "too_many_pixels"),
    "a parameter": (photo(), {}, "/extract?maps=perhaps", 422, "bad_parameter"),
    "another site": (photo(), {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, "/extract", 403, "cross_site"),
    "another address": (photo(), {}, "/extract/../../etc/passwd", 404, "no_such_address"),
    "another method": (photo(), {}, "/health", 405, "no_such_address"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_status_and_a_reason(case: str) -> None:
    body, headers, address, status, reason = REFUSED[case]
    extractor = FakeExtractor()
    reply = post(body, headers, address, extractor)
    assert (reply.status, reply.reason) == (status, reason)
    assert reply.headers["content-type"] == "application/json"
    told = str(reply.json()["error"])
    assert len(told) > 20 and "\n" not in told and "Traceback" not in told
    assert extractor.shapes == []


def test_a_fault_of_the_servers_own_is_told_without_its_traceback_which_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(asker: Asker) -> tuple[Reply, Reply]:
        return await asker.ask("POST", "/extract", photo()), await asker.ask("GET", "/health")

    failing = FakeExtractor(fault=ZeroDivisionError("secret place"))
    reply, health = served(scenario, failing)
    assert (reply.status, reply.reason) == (500, "internal")
    assert b"secret" not in reply.body and b"Traceback" not in reply.body
    assert "secret place" in caplog.text and "Traceback" in caplog.text
    assert health.status == 503 and health.reason == "the first picture could not be read: ZeroDivisionError: secret place"


@pytest.mark.parametrize("address", ["/", "/page.css", "/page.js", "/health", "/metrics", "/openapi.json", "/nowhere", "/extract"])
def test_every_answer_keeps_browsers_from_loading_guessing_and_framing(address: str) -> None:
    headers = get(address).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert "http" not in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in headers and "server" not in headers


def test_pages_of_other_sites_are_let_in_only_when_they_are_named() -> None:
    async def ask(app_origins: tuple[str, ...], origin: str) -> Reply:
        app = create_app(FakeExtractor(), Limits(), app_origins)
        async with app.router.lifespan_context(app):
            return await Asker(app).ask("POST", "/extract", photo(), {"sec-fetch-site": "cross-site", "origin": origin})

    let_in = asyncio.run(ask(("https://shop.example",), "https://shop.example"))
    assert let_in.status == 200 and let_in.headers["access-control-allow-origin"] == "https://shop.example"
    other = asyncio.run(ask(("https://shop.example",), "https://evil.example"))
    assert other.status == 403 and "access-control-allow-origin" not in other.headers
    assert asyncio.run(ask(("*",), "https://any.example")).status == 200


def test_the_api_describes_itself_and_has_no_pages_with_remote_scripts() -> None:
    described = get("/openapi.json").json()
    paths = described["paths"]
    assert isinstance(paths, dict) and set(paths) == {"/extract", "/health", "/metrics"}
    assert set(paths["/extract"]["post"]["requestBody"]["content"]) == {"image/*", "multipart/form-data"}
    assert {"400", "413", "415", "422", "503", "504"} <= set(paths["/extract"]["post"]["responses"])
    assert get("/docs").status == get("/redoc").status == 404
