"""The atlas: every glyph of every face as a signed distance field, in one set of arrays that all workers map."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import fontTools
import freetype
import numpy as np
import uharfbuzz as hb
from numpy.typing import NDArray

from synthgen.alphabet import Alphabet
from synthgen.arrays import F32, I32, I64, U8, Bools
from synthgen.assets.cache import cached, digest, file_digest
from synthgen.assets.drawing import EM_PX, SPREAD_PX, draw_file, join, pick
from synthgen.assets.fonts import Face, Refusal
from synthgen.errors import SynthgenError

VERSION = "1"  # of the drawing: raise it with any change of it, or old caches stay in use
MAKERS = (VERSION, freetype.version(), hb.version_string(), fontTools.version, EM_PX, SPREAD_PX)

Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Glyphs:
    """The glyphs (g rows) of all faces; px are of a `EM_PX` em, places relative to the pen on the baseline, x right, y down."""

    fields: U8  # flat: every field row-major, one after the other; 128 + 20 d, d px to the outline, positive inside
    start: I64  # (g,) in `fields`
    size: I32  # (g, 2) height, width; 0, 0 if blank
    origin: F32  # (g, 2) x, y of the top left edge of the field's first pixel
    ink: F32  # (g, 4) x0, y0, x1, y1 of what is drawn; zeros if blank
    glyph_id: I32  # (g,) in its font, ascending within a face
    first: I32  # (faces + 1,) row of each face's first glyph
    covers: Bools  # (faces, classes + 1) which of the alphabet is drawn; column 0 is False
    caps_only: Bools  # (faces,) small letters are drawn as capitals, of whatever size
    metrics: F32  # (faces, 4) ascent, descent, x-height, cap height, px, none below 0


def build_glyphs(faces: Sequence[Face], alphabet: Alphabet, cache: Path) -> tuple[Glyphs, list[Face], list[Refusal]]:
    """Return the atlas, the faces in it, and those left out with the reasons.

    Left out is what lacks letters or digits of the alphabet, cannot be drawn, or draws the same as a face before it.
    Drawings are cached a file, so that a new font costs its own; the atlas too. With the faces returned it comes at once from the cache.

    Raises:
        SynthgenError: no face is left, a file cannot be read, or the cache cannot be written.
    """
    keys = _keys(faces, alphabet)
    judged = _cached_reasons(cache, keys, lambda: _reasons(faces, _drawn(faces, keys, alphabet, cache)))
    refused = [Refusal(face.name, face.path, reason) for face, reason in zip(faces, judged, strict=True) if reason]
    kept = [place for place, reason in enumerate(judged) if not reason]
    if not kept:
        why = f": {refused[0].name} {refused[0].reason}" if refused else ""
        raise SynthgenError(
            f"fonts: need a face that draws the alphabet, got {len(faces)} faces and none does{why}; add fonts, or shorten the alphabet"
        )
    used = [keys[place] for place in kept]
    _cached_reasons(cache, used, lambda: [""] * len(kept))  # so that a worker, given the faces kept, finds them judged
    atlas = cached(cache, f"atlas-{digest(*used)}", lambda: _joined(_drawn(faces, keys, alphabet, cache), kept))
    return _opened(atlas), [faces[place] for place in kept], refused


def _keys(faces: Sequence[Face], alphabet: Alphabet) -> list[str]:
    """Return for each face a digest of all that its drawings depend on."""
    try:
        files = {path: file_digest(path) for path in {face.path for face in faces}}
    except OSError as error:
        raise SynthgenError(f"fonts: a file cannot be read: {error}; mend it or take it away") from error
    return [digest(repr(MAKERS), alphabet.characters, files[face.path], repr((face.number, face.location))) for face in faces]


def _cached_reasons(cache: Path, keys: Sequence[str], judge: Callable[[], list[str]]) -> list[str]:
    """Return why each face is left out, "" for those in the atlas."""
    return [str(reason) for reason in cached(cache, f"faces-{digest(*keys)}", lambda: {"reason": np.array(judge(), np.str_)})["reason"]]


def _drawn(faces: Sequence[Face], keys: Sequence[str], alphabet: Alphabet, cache: Path) -> list[Arrays]:
    """Return the tables of each face, drawn and cached with the other faces of its file."""
    files: dict[tuple[Path, int], list[int]] = {}
    for place, face in enumerate(faces):
        files.setdefault((face.path, face.number), []).append(place)
    out: list[Arrays] = [{} for _ in faces]
    for places in files.values():
        name = f"drawn-{digest(*(keys[place] for place in places))}"
        tables = cached(cache, name, partial(draw_file, [faces[place] for place in places], alphabet))
        for row, place in enumerate(places):
            out[place] = pick(tables, row)
    return out


def _reasons(faces: Sequence[Face], drawn: Sequence[Arrays]) -> list[str]:
    first: dict[bytes, str] = {}
    out = []
    for face, tables in zip(faces, drawn, strict=True):
        reason, sketch = str(tables["reason"][0]), tables["sketch"].tobytes()
        if not reason and sketch in first:
            reason = f"draws the same letters and digits as {first[sketch]}"
        if not reason:
            first[sketch] = face.name
        out.append(reason)
    return out


def _joined(drawn: Sequence[Arrays], kept: Sequence[int]) -> Arrays:
    whole = join([drawn[place] for place in kept])
    return {field.name: whole[field.name] for field in fields(Glyphs)}


def _opened(atlas: Arrays) -> Glyphs:
    return Glyphs(
        fields=np.asarray(atlas["fields"], np.uint8),  # asarray of the same dtype maps on, and drops np.memmap for a plain array
        start=np.asarray(atlas["start"], np.int64),
        size=np.asarray(atlas["size"], np.int32),
        origin=np.asarray(atlas["origin"], np.float32),
        ink=np.asarray(atlas["ink"], np.float32),
        glyph_id=np.asarray(atlas["glyph_id"], np.int32),
        first=np.asarray(atlas["first"], np.int32),
        covers=np.asarray(atlas["covers"], np.bool_),
        caps_only=np.asarray(atlas["caps_only"], np.bool_),
        metrics=np.asarray(atlas["metrics"], np.float32),
    )
