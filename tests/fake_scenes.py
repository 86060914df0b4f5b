"""Scenes of noise, which depend on seed and index only; every fourth has no words."""

import cv2
import numpy as np

from synthgen.arrays import F64, I64, U8
from synthgen.chance import Stream, uniforms
from synthgen.shards.scenes import NO_FONT, SceneRows
from tests.fake_words import noise_jpeg, offsets_of

WIDTH, HEIGHT = 20, 16  # pixels
TEXTS = ("Öl", "5€", "", "x y")
MOST = 100  # no scene has as many words or characters, no word as many points


def scene_rows(seed: int, first: int, last: int) -> SceneRows:
    """Return scenes first to last - 1."""
    index = np.arange(first, last, dtype=np.int64)
    scene, line, texts = words_of(index)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    word, letter = below(np.arange(len(texts)), lengths)  # a row a character
    point_word, point = below(np.arange(len(texts)), 4 + 2 * lengths)
    key = scene * MOST + line
    word_noise, char_noise = noise(seed, key, 9), noise(seed, key[word] * MOST + letter, 9)
    jpegs, regions, affinities = pictures_of(seed, index)
    spelt, chars = [text.encode() for text in texts], [char.encode() for text in texts for char in text]
    return SceneRows(
        index=index,
        jpeg=joined(jpegs),
        jpeg_offsets=offsets_of(jpegs),
        width=np.full(len(index), WIDTH, dtype=np.int32),
        height=np.full(len(index), HEIGHT, dtype=np.int32),
        region=joined(regions),
        region_offsets=offsets_of(regions),
        affinity=joined(affinities),
        affinity_offsets=offsets_of(affinities),
        background=(index % 3).astype(np.int32),
        split=(index % 2).astype(np.int32),
        word_offsets=np.searchsorted(scene, np.arange(first, last + 1)),
        word_text=joined(spelt),
        word_text_offsets=offsets_of(spelt),
        word_quads=word_noise[:, :8].reshape(-1, 4, 2).astype(np.float32),
        polygon=noise(seed, key[point_word] * MOST + point, 2).astype(np.float32),
        polygon_offsets=np.searchsorted(point_word, np.arange(len(texts) + 1)).astype(np.int64),
        word_line=line.astype(np.int32),
        word_font=np.where(lengths == 0, NO_FONT, scene % 2).astype(np.int32),
        word_visible=word_noise[:, 8].astype(np.float32),
        word_ignore=word_noise[:, 8] < 0.3,
        char_offsets=np.searchsorted(scene[word], np.arange(first, last + 1)),
        char_text=joined(chars),
        char_text_offsets=offsets_of(chars),
        char_word=line[word].astype(np.int32),
        char_quads=char_noise[:, :8].reshape(-1, 4, 2).astype(np.float32),
        char_visible=char_noise[:, 8].astype(np.float32),
    )


def words_of(index: I64) -> tuple[I64, I64, list[str]]:
    """Return scene, line and text of each word."""
    scene, line = below(index, np.where(index % 4 == 3, 0, 1 + index % 4))
    return scene, line, [TEXTS[k] for k in (scene + line) % len(TEXTS)]


def pictures_of(seed: int, index: I64) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Return picture, region map and affinity map of each scene."""
    regions, affinities = ([noise_png(seed, 2 * int(i) + k) for i in index] for k in range(2))
    return [noise_jpeg(seed, int(i), WIDTH) for i in index], regions, affinities


def below(parents: I64, counts: I64) -> tuple[I64, I64]:
    """Return for each child the parent it belongs to, and which of that parent's children it is."""
    firsts = np.cumsum(counts) - counts
    return np.repeat(parents, counts), np.arange(counts.sum()) - np.repeat(firsts, counts)


def noise(seed: int, key: I64, draws: int) -> F64:
    return uniforms(seed, Stream.LOOK, key.astype(np.uint64), draws)


def joined(parts: list[bytes]) -> U8:
    return np.frombuffer(b"".join(parts), dtype=np.uint8)


def noise_png(seed: int, index: int) -> bytes:
    shades = noise(seed, np.array([index], dtype=np.int64), WIDTH * HEIGHT // 4)
    return cv2.imencode(".png", (255 * shades).astype(np.uint8).reshape(HEIGHT // 2, WIDTH // 2))[1].tobytes()
