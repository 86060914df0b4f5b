"""Which faces there are: those of the installed `fontpkg-*` packages, and every font file below a user's folder."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import fontpkg

from synthgen.assets.fontfile import SUFFIXES, FontError, Traits, read_traits
from synthgen.errors import SynthgenError

CATEGORIES = {
    "HANDWRITING": "hand",
    "MONOSPACE": "mono",
    "DISPLAY": "display",
    "SERIF": "serif",
    "SANS_SERIF": "sans",
}  # the first that fits
HEAVY = 700  # weights set large: headings and brand names
WISHES = (  # weight, width in %, italic: the looks asked of a family, in order; from light to black and condensed to wide
    (400, 100, False),
    (700, 100, False),
    (900, 75, False),
    (600, 100, True),
    (300, 125, False),
    (700, 62, False),
    (400, 100, True),
    (500, 100, False),
    (800, 125, True),
    (200, 100, False),
)


@dataclass(frozen=True)
class Face:
    """One way to draw letters: a font file, or a point of a variable one."""

    name: str  # "Montserrat 600 italic", no two alike
    family: str
    category: str  # sans, serif, display, hand, mono or user
    path: Path
    number: int = 0  # in a collection
    location: tuple[tuple[str, float], ...] = ()  # variation axes that leave their default, () if static


@dataclass(frozen=True)
class Refusal:
    """A font that is not used, and why."""

    name: str
    path: Path
    reason: str


@dataclass(frozen=True)
class _Source:
    """A face of a file, before it is decided which of its looks are used."""

    family: str
    category: str
    path: Path
    traits: Traits

    def reach(self, tag: str, own: float) -> tuple[float, float]:
        return next(((least, most) for axis, least, most in self.traits.axes if axis == tag), (own, own))


def find_faces(packages: bool, folder: Path | None, most_per_family: int = 6) -> tuple[list[Face], list[Refusal]]:  # noqa: FBT001 - DESIGN.md
    """Return the faces, always in the same order, and the files that cannot be used.

    A package's family, and each variable file of `folder`, gives at most `most_per_family` faces spread over weight, width and italic;
    a static file of `folder` is always a face. Whether a face draws the alphabet is for `build_glyphs` to say.

    Raises:
        SynthgenError: `folder` is missing or holds no font that can be used.
    """
    sources, refused = _package_sources() if packages else ({}, [])
    faces = [face for family in sources.values() for face in _spread(family, most_per_family)]
    if folder is not None:
        found, broken = _folder_sources(folder)
        faces += [face for source in found for face in _spread([source], most_per_family)]
        refused += broken
    return _named_apart(faces), refused


def _package_sources() -> tuple[dict[str, list[_Source]], list[Refusal]]:
    """Return what each installed family offers, by metadata alone: opening a few hundred files would take seconds."""
    sources, refused = {}, []
    for slug, family in sorted(fontpkg.families().items()):
        root = family.files[0].path.parent.parent
        try:
            told = json.loads((root / "metadata.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            refused.append(Refusal(family.name, family.files[0].path, f"its package has no metadata that can be read: {error}"))
            continue
        category = next((ours for theirs, ours in CATEGORIES.items() if theirs in told.get("category", ())), "display")
        axes = tuple((axis.tag, axis.min, axis.max) for axis in family.axes)
        sources[slug] = [
            _Source(
                family.name,
                category,
                file.path,
                Traits(0, family.name, file.weight or 400, 100.0, file.style == "italic", axes if file.variable else ()),
            )
            for file in sorted(family.files, key=lambda file: file.path.name)
        ]
    return sources, refused


def _folder_sources(folder: Path) -> tuple[list[_Source], list[Refusal]]:
    """Return every face of every font file below `folder`, in order of their paths, and the files that are none."""
    if not folder.is_dir():
        raise SynthgenError(
            f"fonts {folder}: need a folder of font files, got {'a file' if folder.exists() else 'nothing there'}; name another folder"
        )
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    sources, refused = [], []
    for path in paths:
        try:
            sources += [_Source(traits.family or path.stem, "user", path, traits) for traits in read_traits(path)]
        except FontError as error:
            refused.append(Refusal(path.stem, path, str(error)))
    if not sources:
        why = f"; {refused[0].path.name} {refused[0].reason}" if refused else ""
        raise SynthgenError(
            f"fonts {folder}: need a font file ({' '.join(SUFFIXES)}), got {len(paths)} and none of use{why}; add one, or leave --fonts out"
        )
    return sources, refused


def _spread(sources: Sequence[_Source], most: int) -> Iterator[Face]:
    """Yield up to `most` unlike faces of one family: for each wish the nearest that it has."""
    seen: set[tuple[Path, int, tuple[tuple[str, float], ...]]] = set()
    for weight, width, italic in WISHES:
        face = min((_nearest(source, weight, width, italic=italic) for source in sources), key=lambda offer: offer[0])[1]
        place = (face.path, face.number, face.location)
        if place not in seen and len(seen) < most:
            seen.add(place)
            yield face


def _nearest(source: _Source, weight: float, width: float, *, italic: bool) -> tuple[tuple[bool, float, float], Face]:
    """Return the face of a source that is nearest to a wish, after its distance: slope counts first, then weight."""
    traits = source.traits
    heavy, wide = (
        float(min(max(asked, low), high))
        for asked, (low, high) in ((weight, source.reach("wght", traits.weight)), (width, source.reach("wdth", traits.width)))
    )
    slopes = bool(source.reach("slnt", 0.0)[0] or source.reach("ital", 0.0)[1])
    leans = traits.italic or (italic and slopes)
    name = f"{source.family} {heavy:g}" + (f" width {wide:g}" if wide != 100 else "") + (" italic" if leans else "")
    location = tuple(_location(traits, heavy, wide, leans=leans))
    return (leans != italic, abs(heavy - weight), abs(wide - width)), Face(
        name, source.family, source.category, source.path, traits.number, location
    )


def _location(traits: Traits, weight: float, width: float, *, leans: bool) -> Iterator[tuple[str, float]]:
    """Yield the axes that leave their default; large sizes of an optical axis go with heavy weights, as on packs."""
    for tag, least, most in traits.axes:
        if tag in ("wght", "wdth"):
            yield tag, weight if tag == "wght" else width
        elif tag == "opsz" and weight >= HEAVY:
            yield tag, most
        elif leans and not traits.italic and tag in ("slnt", "ital"):
            yield tag, least if tag == "slnt" else most  # slnt is negative where letters lean forward


def _named_apart(faces: Iterable[Face]) -> list[Face]:
    """Return the faces with numbers behind names that come twice: "Mine 400", "Mine 400 (2)"."""
    times: Counter[str] = Counter()
    out = []
    for face in faces:
        times[face.name] += 1
        out.append(face if times[face.name] == 1 else replace(face, name=f"{face.name} ({times[face.name]})"))
    return out
