"""Pictures that are broken, on purpose or not, are refused with a reason; none ends the server or fills its memory."""

import asyncio
import io
import resource
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pictures

from extractor.serve.limits import Limits
from extractor.serve.photos import FORMATS, photo_of
from extractor.serve.refusal import RefusedError
from synthgen.pictures import read_picture
from tests.extractor.serve_fixture import Asker, FakeExtractor, Reply, chunk, photo, png, served

MOST = 100_000
WHOLE = {form: photo(64, 48, form) for form in FORMATS}
LARGE = 64 << 20  # bytes that a few kilobytes grow to
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of odd metadata; the server ignores them too


def zeros(count: int) -> bytes:
    """Return `count` zeros, compressed a thousandfold."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(count >> 20)) + packer.flush()


PACKED = zeros(LARGE)
BOMBS = {
    "pixels": (png(60_000, 60_000, chunk(b"IDAT", PACKED)), "too_many_pixels"),
    "a side": (png(1, 90_000, chunk(b"IDAT", PACKED)), "too_many_pixels"),
    "text": (png(8, 8, chunk(b"zTXt", b"k\0\0" + PACKED), chunk(b"IDAT", zlib.compress(bytes(72)))), "broken_picture"),
    "tall tiff": (photo(64, 48, "TIFF").replace(b"\x40\x00", b"\xff\xff").replace(b"\x30\x00", b"\xff\xff"), None),
}


def outcome(content: bytes) -> str:
    """Return "read", or the reason why not; anything else is raised."""
    try:
        found = photo_of(content, MOST)
    except RefusedError as refused:
        assert 400 <= refused.status < 500 and len(str(refused)) > 20
        return refused.reason
    assert found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] == 3 and 0 < found.shape[0] * found.shape[1] <= MOST
    return "read"


@pytest.mark.parametrize("form", FORMATS)
def test_whole_pictures_of_every_accepted_form_are_read_as_the_command_line_reads_them(
    form: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("photo") / "a.bin"
    path.write_bytes(WHOLE[form])
    assert (photo_of(WHOLE[form], MOST) == read_picture(path)).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_pictures_of_every_mode_are_read(mode: str) -> None:
    file = io.BytesIO()
    Pictures.new(mode, (9, 7)).save(file, "JPEG" if mode == "CMYK" else "PNG")
    assert outcome(file.getvalue()) == "read"


@pytest.mark.parametrize("form", ["PPM", "PCX", "TGA", "SGI", "ICO", "PDF", "EPS"])
def test_other_forms_are_no_pictures_here(form: str) -> None:
    assert outcome(photo(64, 48, form)) == "not_a_picture"


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_and_take_no_memory(bomb: str) -> None:
    content, reason = BOMBS[bomb]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = outcome(content)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert found == reason if reason else found != "read"
    assert grown < LARGE / 4


def test_a_small_picture_with_a_large_tail_is_read_without_it() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert outcome(png(8, 8, chunk(b"IDAT", PACKED))) in ("read", "broken_picture")
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10 < LARGE / 4


@settings(max_examples=150)
@given(st.sampled_from(FORMATS), st.integers(0, 2**32 - 1))
def test_damaged_pictures_are_read_or_refused(form: str, seed: int) -> None:
    outcome(damaged(form, seed))


def damaged(form: str, seed: int) -> bytes:
    """Return a picture cut short, with bits turned, or with a piece doubled, the file's first bytes more often than others."""
    chance = np.random.default_rng(seed)
    content = bytearray(WHOLE[form])
    for _ in range(int(chance.integers(1, 6))):
        place = int(len(content) * chance.random() ** 3)
        kind = int(chance.integers(4))
        if kind == 0 and place > 16:
            del content[place:]
        elif kind == 1:
            content[place:place] = content[place : place + int(chance.integers(1, 400))]
        elif place < len(content):
            content[place] = int(chance.integers(256)) if kind == 2 else content[place] ^ 1 << int(chance.integers(8))
    return bytes(content)


def test_a_server_that_is_sent_broken_pictures_answers_each_with_200_or_4xx_and_goes_on() -> None:
    async def scenario(asker: Asker) -> list[Reply]:
        sent = [damaged(form, seed) for form in FORMATS for seed in range(6)]
        return [
            *await asyncio.gather(*(asker.ask("POST", "/extract", content) for content in sent)),
            await asker.ask("POST", "/extract", photo()),
        ]

    replies = served(scenario, FakeExtractor(), Limits(max_pixels=MOST, workers=2, queue=100))
    statuses = [reply.status for reply in replies]
    assert set(statuses) == {200, 415, 422} and statuses[-1] == 200
    assert all("error" in reply.json() for reply in replies if reply.status != 200)
