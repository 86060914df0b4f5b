"""Bodies of packs as pieces: cartons, cans, jars, pouches, lids and tags, their faces and shades, without text."""

from dataclasses import dataclass, field
from typing import NamedTuple

from synthgen.scene.kernels import sine
from synthgen.scene.label_layout import ACCENT, GROUND, Box
from synthgen.scene.pack_views import CAN, CARTON, JAR, LID, PI, POUCH, Pack, drawn, homography, shows_side, side_of
from synthgen.scene.pieces import BARCODE, CYLINDER, ELLIPSE, FLAT, LINE, RECTANGLE, SHADE, SHAPE, WRINKLED

Rgb = tuple[float, float, float]
STEEPEST = 1.5  # radians of a cylinder that are painted to each side
FRONT_SPAN = 0.9  # radians of its label to each side: further round, letters are too narrow to read
SIDE_FROM = 0.09  # radians of yaw from which a carton's side is worth its paint
UNTURNED = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


class Scheme(NamedTuple):
    """What a pack's print looks like."""

    colours: tuple[Rgb, Rgb, Rgb, Rgb]  # GROUND, ACCENT, PANEL, SECOND
    tile: int  # texture of its pictures
    gloss: float  # 0 to 1


class Panel(NamedTuple):
    """A face of a pack that carries a label of w by h label units about (0, y)."""

    face: int
    product: int
    w: float
    h: float
    y: float
    name: str  # front, back, lid, tag


@dataclass
class Pieces:
    """Rows of PIECE and FACE as they are gathered."""

    rows: list[tuple[object, ...]] = field(default_factory=list)
    faces: list[tuple[object, ...]] = field(default_factory=lambda: [(UNTURNED, FLAT, 1.0, 0.0, 0.0, (0.0, 0.0))])
    ways: list[tuple[float, ...]] = field(default_factory=lambda: [UNTURNED])  # homographies of the faces

    def face(self, way: tuple[float, ...], bend: int = FLAT, shape: tuple[float, float, float] = (1.0, 0.0, 0.0)) -> int:
        """Return the row of a new face; `shape`: radius or amplitude, view, phase."""
        self.ways.append(way)
        self.faces.append((way, bend, *shape, (0.0, 0.0)))
        return len(self.faces) - 1

    def shape(self, face: int, box: Box, rgb: tuple[Rgb, Rgb], outline: int = RECTANGLE, **more: float) -> None:
        """Add a shape; `more`: round, border, opacity, tile, body, text, kind."""
        wide, high = box.width / 2, box.height / 2
        self.rows.append(
            (
                int(more.get("kind", SHAPE)), face, (1.0, 0.0, box.x0 + wide, 0.0, 1.0, box.y0 + high), 0, 0.0, (-wide, -high, wide, high),
                outline, more.get("round", 0.0), rgb, int(more.get("tile", -1)), more.get("border", 0.0), more.get("opacity", 1.0),
                int(more.get("body", 0)), int(more.get("text", -1)), -1,
            )
        )  # fmt: skip

    def shade(self, face: int, box: Box, gains: tuple[float, float], outline: int = RECTANGLE, soft: float = 0.0) -> None:
        """Add light: what a box is multiplied by at its left and right; above 1 is glare."""
        left, right = gains
        self.shape(face, box, ((left,) * 3, (right,) * 3), outline, kind=SHADE, border=soft)

    def line(self, face: int, affine: tuple[float, ...], bend: tuple[int, float], ink: list[float], rows: tuple[int, int]) -> None:
        """Add a line of text; `bend`: kind and radius, line px; `rows`: of its text and of its look."""
        black = (0.0, 0.0, 0.0)
        self.rows.append((LINE, face, affine, *bend, tuple(ink), 0, 0.0, (black, black), -1, 0.0, 1.0, 0, *rows))


def add_body(out: Pieces, pack: Pack, scheme: Scheme, wrinkle: tuple[float, float]) -> list[Panel]:
    """Add a pack's faces and shapes; return the panels its labels go on. `wrinkle`: see `SceneRecipe`."""
    if pack.kind == CARTON:
        return _carton(out, pack, scheme)
    if pack.kind in (CAN, JAR):
        return _round(out, pack, scheme)
    if pack.kind == POUCH:
        return _pouch(out, pack, scheme, drawn(scheme.gloss, wrinkle))
    face = out.face(homography(pack))
    whole = _about(pack.w, pack.h)
    shadow = whole.inset(-0.04 * pack.w).moved(0.03 * pack.w, 0.05 * pack.h)
    out.shade(face, shadow, (0.6, 0.6), ELLIPSE if pack.kind == LID else RECTANGLE, soft=0.09 * pack.w)
    paper = scheme.colours[GROUND]
    if pack.kind == LID:
        out.shape(face, whole, (scheme.colours[ACCENT], _lit(paper, 0.7)), ELLIPSE, border=0.03 * pack.w, body=1)
        return [Panel(face, pack.product, pack.w, pack.h, 0.0, "lid")]
    out.shape(face, whole, (paper, _lit(paper, 0.6)), round=0.08, border=0.012 * pack.h, body=1)
    return [Panel(face, pack.product, pack.w, pack.h, 0.0, "tag")]


def _about(w: float, h: float, y: float = 0.0) -> Box:
    return Box(-w / 2, y - h / 2, w / 2, y + h / 2)


def _lit(rgb: Rgb, gain: float) -> Rgb:
    return (min(rgb[0] * gain, 255.0), min(rgb[1] * gain, 255.0), min(rgb[2] * gain, 255.0))


def _carton(out: Pieces, pack: Pack, scheme: Scheme) -> list[Panel]:
    ground = scheme.colours[GROUND]
    panels = []
    if abs(pack.yaw) > SIDE_FROM and shows_side(pack):
        side = out.face(homography(pack, side_of(pack)))
        box = _about(pack.deep, pack.h)
        out.shape(side, box, (_lit(ground, 0.97), ground), body=1)
        panels.append(Panel(side, pack.product, pack.deep, pack.h, 0.0, "back"))
    face = out.face(homography(pack))
    out.shape(face, _about(pack.w, pack.h), (ground, _lit(ground, 0.86)), tile=scheme.tile if scheme.gloss < 0.2 else -1, body=1)
    panels.append(Panel(face, pack.product, pack.w, pack.h, 0.0, "back" if scheme.gloss > 0.93 else "front"))
    return panels


def _round(out: Pieces, pack: Pack, scheme: Scheme) -> list[Panel]:
    """Add a can or a jar: a cylinder, the end that is seen, rims or a lid."""
    radius = pack.w / 2
    view = -0.9 * abs(sine(pack.pitch)) - 0.04
    way = homography(pack._replace(yaw=0.0, pitch=0.0))
    face, end = out.face(way, CYLINDER, (radius, view, 0.0)), out.face(way)
    top, low = -pack.h / 2, pack.h / 2
    reach = STEEPEST * radius
    metal: Rgb = (196.0, 198.0, 202.0)
    cap = scheme.colours[ACCENT] if pack.kind == JAR else metal
    rim = view * radius
    out.shape(end, Box(-radius, top + 2 * rim, radius, top), (_lit(cap, 0.9), _lit(cap, 0.7)), ELLIPSE, border=0.05 * radius, body=1)
    ground = scheme.colours[GROUND]
    glass = _lit(scheme.colours[3], 0.8) if pack.kind == JAR else metal
    out.shape(face, Box(-reach, top, reach, low), (glass, glass), body=1)
    high = 0.15 * pack.h if pack.kind == JAR else 0.035 * pack.h
    out.shape(face, Box(-reach, top, reach, top + high), (cap, _lit(cap, 0.8)), border=0.006 * pack.h)
    label = Box(-reach, top + 1.5 * high, reach, low - (0.08 if pack.kind == JAR else 0.035) * pack.h)
    out.shape(face, label, (ground, _lit(ground, 0.86)), tile=scheme.tile if scheme.gloss < 0.15 else -1)
    return [Panel(face, pack.product, 2 * FRONT_SPAN * radius, label.height, (label.y0 + label.y1) / 2, "front")]


def _pouch(out: Pieces, pack: Pack, scheme: Scheme, wrinkle: float) -> list[Panel]:
    """Add a bag: soft waves, welded ends; `wrinkle`: the waves' amplitude, of its width."""
    face = out.face(homography(pack), WRINKLED, (wrinkle * pack.w, 2 * PI * (0.8 + 1.4 * scheme.gloss) / pack.w, 6 * scheme.gloss))
    ground = scheme.colours[GROUND]
    whole = _about(pack.w, pack.h)
    out.shape(face, whole, (ground, _lit(ground, 0.8)), round=0.1, body=1)
    weld = 0.055 * pack.h
    for y in (whole.y0, whole.y1 - weld):
        out.shade(face, Box(whole.x0 + weld, y, whole.x1 - weld, y + weld), (0.85, 0.93), soft=0.3 * weld)
    return [Panel(face, pack.product, pack.w * 0.94, pack.h - 2.4 * weld, 0.0, "front")]


def add_light(out: Pieces, pack: Pack, panels: list[Panel], gloss: float) -> None:
    """Add what light does to a pack once it is printed: a dark side, rounds, folds, gloss."""
    face = panels[-1].face
    whole = _about(pack.w, pack.h)
    if pack.kind == CARTON:
        for panel in panels[:-1]:
            out.shade(panel.face, _about(panel.w, panel.h), (0.8, 0.68) if pack.yaw > 0 else (0.68, 0.8))
        out.shade(face, whole, (1.0, 0.9) if pack.yaw > 0 else (0.9, 1.0))
        return
    if pack.kind in (CAN, JAR):
        reach, r = STEEPEST * pack.w / 2, pack.w / 2
        out.shade(face, Box(-reach, whole.y0, -0.3 * r, whole.y1), (0.42, 1.0))
        out.shade(face, Box(0.1 * r, whole.y0, reach, whole.y1), (1.0, 0.36))
        out.shade(face, Box(-0.75 * r, whole.y0, -0.35 * r, whole.y1), (1.0 + 0.5 * gloss, 1.0 + 0.4 * gloss), soft=0.18 * r)
        return
    if pack.kind == POUCH:
        for k, part in enumerate((0.12, 0.34, 0.71, 0.9)):
            x = whole.x0 + (part + 0.05 * gloss) * pack.w
            gain = 1.0 + 0.35 * gloss if k % 2 else 0.86
            out.shade(face, Box(x - 0.07 * pack.w, whole.y0, x + 0.07 * pack.w, whole.y1), (gain, gain), soft=0.07 * pack.w)
    edge = 0.06 * pack.w if pack.kind == POUCH else 0.0  # soft, so that its square corners do not show beside round ones
    out.shade(face, whole, (1.0, 0.88), ELLIPSE if pack.kind == LID else RECTANGLE, soft=edge)


def add_shadow(out: Pieces, pack: Pack, strength: float) -> None:
    """Add the soft shadow of a pack on the ground it stands on."""
    wide, high = 0.62 * pack.w + 0.3 * pack.deep, 0.05 * pack.w
    base = pack.y + pack.h / 2 - 0.2 * high
    gain = 1.0 - strength
    out.shade(0, Box(pack.x - wide, base - high, pack.x + wide, base + 1.6 * high), (gain, gain), ELLIPSE, soft=1.2 * high)


def add_board(out: Pieces, y: float, high: float, width: float, rgb: Rgb) -> None:
    """Add a shelf's front edge, across the whole picture, and its shadow on what is below."""
    edge = Box(-4.0, y, width + 4.0, y + high)
    out.shape(0, edge, (rgb, _lit(rgb, 0.8)), border=0.03 * high, body=1)
    out.shade(0, Box(edge.x0, edge.y1, edge.x1, edge.y1 + high), (0.55, 0.55), soft=0.5 * high)


def add_bars(out: Pieces, face: int, box: Box, text: int, paper: Rgb) -> None:
    """Add the bars of a barcode whose digits are the line `text`."""
    out.shape(face, box, ((20.0, 20.0, 22.0), paper), kind=BARCODE, text=text)
