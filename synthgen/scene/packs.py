"""Product scenes: packs as shop pictures show them, planned piece by piece from a scene's number."""

from dataclasses import dataclass, field

import numpy as np

from synthgen.arrays import F32, F64, I32, U64, Bools
from synthgen.chance import Stream, uniforms
from synthgen.scene import labels
from synthgen.scene.copywriting import BRAND, FLAVOUR, NAME, ROLES, TOLD, Wanted, spelt, write_copy
from synthgen.scene.label_layout import BRAND_FONT, Block, Box, Label, Line, Mark, Shaped, cut_out, fit, measured
from synthgen.scene.labels import Print
from synthgen.scene.pack_bodies import Panel, Pieces, Scheme, add_bars, add_board, add_body, add_light, add_shadow
from synthgen.scene.pack_inks import INK_RGB, LOOKS_A_PRODUCT, pack_looks, tag_scheme
from synthgen.scene.pack_stock import SCHEME_DRAWS, Stock, plan_fonts, plan_schemes
from synthgen.scene.pack_views import DRAWS as PLACE_DRAWS
from synthgen.scene.pack_views import FLAT_LAY, SHELF, TAG, Stage, magnified, plan_stage
from synthgen.scene.pieces import FACE, PIECE, ScenePlan, SceneTexts
from synthgen.scene.plan import ARC, EM_PX, NO_BEND, pick
from synthgen.scene.words import strings
from synthgen.scene_recipe import SceneRecipe

SCENE_DRAWS = 24
MOST_PACKS = 9
PACK_ROWS = np.uint64(16)  # of the stream, a scene
CAPITALS = np.array([{BRAND: 0.5, NAME: 0.25, FLAVOUR: 0.12}.get(role, 0.0) for role in range(len(ROLES))])  # share of each role
SMALL = 1.45  # most of small print, of the least size
LABELS = {"front": labels.front, "back": labels.back, "lid": labels.lid, "tag": labels.tag}

Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Laid:
    """A label on its face."""

    panel: Panel
    scheme: Scheme
    label: Label
    first: int  # of its blocks among all of the scene


@dataclass(frozen=True)
class Body:
    """A pack with what is under and over its print."""

    under: Rows
    labels: list[Laid]
    over: Rows


@dataclass
class Page:
    """What is gathered while a scene's print is set."""

    pieces: Pieces
    lines: list[Line] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    attempts: int = 0
    refused: int = 0


def plan_product_scene(stock: Stock, recipe: SceneRecipe, seed: int, index: int) -> ScenePlan:
    """Return the plan of scene `index`; it depends on (recipe, assets, seed, index) alone."""
    scene, rows, stage = draw_stage(recipe, seed, index)
    looked = rows[:, PLACE_DRAWS : PLACE_DRAWS + SCHEME_DRAWS]
    schemes = plan_schemes(stock, looked)
    page = Page(Pieces())
    bodies = _bodies(page.pieces, recipe, stage, schemes, rows[:, PLACE_DRAWS + SCHEME_DRAWS :].tolist())
    negative = bool(scene[10] < recipe.negative_share)
    texts = _print(stock, page, bodies, (plan_fonts(stock, looked), looked[:, 17]), (seed, index, negative))
    tile, ground, window = _ground(stock, recipe, stage, scene)
    return ScenePlan(
        index=index,
        size=(recipe.height_px, recipe.width_px),
        tile=tile,
        ground=ground,
        window=window,
        faces=np.array(page.pieces.faces, dtype=FACE),
        pieces=np.array(page.pieces.rows, dtype=PIECE),
        looks=pack_looks(stock, recipe, schemes, seed, index),
        texts=texts,
        marked=np.zeros((0, 4, 2), dtype=np.float32),
        negative=negative,
        attempts=page.attempts,
        refused=page.refused,
    )


def draw_stage(recipe: SceneRecipe, seed: int, index: int) -> tuple[list[float], F64, Stage]:
    """Return the draws of scene `index`, those of each of its packs `(MOST_PACKS, draws)`, and what stands where by them."""
    own = np.array([index], dtype=np.uint64)
    scene = uniforms(seed, Stream.SCENE, own, SCENE_DRAWS)[0].tolist()
    packs: U64 = np.asarray(own * PACK_ROWS + np.arange(MOST_PACKS, dtype=np.uint64), dtype=np.uint64)
    rows = uniforms(seed, Stream.PACK, packs, PLACE_DRAWS + SCHEME_DRAWS + 2 * labels.DRAWS)
    return scene, rows, plan_stage(recipe, scene, rows[:, :PLACE_DRAWS].tolist())


def _bodies(pieces: Pieces, recipe: SceneRecipe, stage: Stage, schemes: list[Scheme], printed: list[list[float]]) -> list[Body]:
    """Return what stands in the picture, in painting order; boards come first, their tags last."""
    bodies, count = [], 0
    for board in stage.boards:
        add_board(pieces, board.y, board.high, recipe.width_px, schemes[-1].colours[2])
    bodies.append(Body(_taken(pieces), [], []))
    for number, pack in enumerate((*stage.packs, *stage.tags)):
        scheme = tag_scheme(schemes[pack.product]) if pack.kind == TAG else schemes[pack.product]
        if stage.kind != FLAT_LAY and number < len(stage.packs):
            add_shadow(pieces, pack, 0.16 + 0.2 * scheme.gloss)
        panels = add_body(pieces, pack, scheme, recipe.wrinkle)
        under = _taken(pieces)
        laid = []
        for panel in panels:
            draws = printed[panel.product][labels.DRAWS * (panel.name == "back") :]
            sizes = _sizes(recipe, pieces.ways[panel.face], panel)
            laid.append(Laid(panel, scheme, LABELS[panel.name](panel.w, panel.h, sizes, iter(draws)), count))
            count += len(laid[-1].label.blocks)
        add_light(pieces, pack, panels, scheme.gloss)
        bodies.append(Body(under, laid, _taken(pieces)))
    return bodies


def _taken(pieces: Pieces) -> Rows:
    """Return the rows gathered so far, and begin anew."""
    rows, pieces.rows = pieces.rows, []
    return rows


def _sizes(recipe: SceneRecipe, way: tuple[float, ...], panel: Panel) -> Print:
    """Return print sizes in label units, such that they keep the recipe's bounds in the picture on all of the panel."""
    least, most = magnified(way, panel.w, panel.h + 2 * abs(panel.y))
    small = recipe.least_px / least
    return Print(small, SMALL * small, recipe.most_share * recipe.height_px / most)


def _wanted(bodies: list[Body]) -> tuple[Wanted, list[Block]]:
    """Return the texts of all labels, and their blocks."""
    laid = [one for body in bodies for one in body.labels]
    blocks = [block for one in laid for block in one.label.blocks]
    product = [one.panel.product for one in laid for _ in one.label.blocks]
    columns = (product, [block.role for block in blocks], [block.nth for block in blocks])
    return Wanted(*(np.array(column, dtype=np.int32) for column in columns)), blocks


def _print(stock: Stock, page: Page, bodies: list[Body], styles: tuple[I32, F64], scene: tuple[int, int, bool]) -> SceneTexts:
    """Set all texts of a scene into its labels and add the pieces to the page, in painting order; return the lines.

    `styles`: faces of each product, and the draw of its case. `scene`: seed, index, and whether it has no text.
    """
    studio, (fonts, cases), (seed, index, negative) = stock.studio, styles, scene
    wanted, blocks = _wanted(bodies)
    texts = write_copy(stock.products, wanted, seed, index)
    codes, offsets = spelt(stock.products, texts, wanted, studio.alphabet, (seed, index))
    face = fonts[wanted.product, [block.font for block in blocks]]
    upper = studio.faces.caps_only[face] | (cases[wanted.product] < CAPITALS[wanted.role])
    codes = np.where(np.repeat(upper, np.diff(offsets)), studio.faces.upper[codes], codes).astype(np.uint16)
    lines, missing = studio.shape(face, strings(studio.alphabet, codes, offsets))
    shaped = measured(lines, studio.atlas, codes, offsets, studio.alphabet.classes.get(" ", 0))
    for body in bodies:
        page.pieces.rows += body.under
        for laid in body.labels:
            _set_label(page, laid, (shaped, missing), negative=negative)
        page.pieces.rows += body.over
    cut = cut_out(page.lines, shaped, lines, codes, studio.atlas)
    return SceneTexts(cut.codes, cut.offsets, face[[line.text for line in page.lines]].astype(np.int32), tuple(page.roles), cut.lines)


def _set_label(page: Page, laid: Laid, texts: tuple[Shaped, Bools], *, negative: bool) -> None:
    """Add a label's marks and lines; print of a scene without text becomes bars."""
    shaped, missing = texts
    found: list[list[Line]] = []
    brand = 0.0
    for k, block in enumerate(laid.label.blocks):
        text = laid.first + k
        if block.lines == 0 and brand > 0:
            block = block._replace(sizes=(block.sizes[0], max(block.sizes[0], min(block.sizes[1], brand))))
        lines, left = ([], len(shaped.words[text])) if missing[text] else fit(block, text, shaped)
        found.append(lines)
        page.attempts += 1
        page.refused += left > 0
        brand = lines[0].size if lines and block.role == BRAND else brand
    first = _first_lines(found, len(page.lines))
    for mark in laid.label.marks:
        if mark.block < 0 or found[mark.block]:
            _add_mark(page, laid, mark, -1 if negative or mark.block < 0 else first[mark.block])
    for block, lines in zip(laid.label.blocks, found, strict=True):
        for line in lines:
            if negative:
                _add_bar(page, laid, block, line)
            else:
                _add_line(page, laid, block, line, shaped)


def _first_lines(found: list[list[Line]], begin: int) -> list[int]:
    """Return the number among all lines of the first one of each block, -1 where it has none."""
    out = []
    for lines in found:
        out.append(begin if lines else -1)
        begin += len(lines)
    return out


def _add_mark(page: Page, laid: Laid, mark: Mark, text: int) -> None:
    """Add a shape; `text`: the line that says a barcode's digits, -1: none."""
    box, scheme = mark.box.moved(0, laid.panel.y), laid.scheme
    if mark.barcode:
        add_bars(page.pieces, laid.panel.face, box, text, scheme.colours[2])
        return
    rgb = scheme.colours[mark.colour] if mark.colour >= 0 else INK_RGB[0]
    other = scheme.colours[(mark.colour + 1) % 4] if mark.textured else INK_RGB[0 if mark.colour == 2 else 1]
    page.pieces.shape(
        laid.panel.face, box, (rgb, other), mark.outline, round=mark.round, border=mark.border, opacity=mark.opacity,
        tile=scheme.tile if mark.textured else -1,
    )  # fmt: skip


def _add_line(page: Page, laid: Laid, block: Block, line: Line, shaped: Shaped) -> None:
    """Add a line of text about its place."""
    scale = line.size / EM_PX
    ink = shaped.ink[line.text]
    words = shaped.words[line.text]
    whole = line.first == words[0][0] and line.last == words[-1][1]
    begin, end = _reach(line, shaped)
    box = [ink[0], ink[1], ink[2], ink[3]] if whole else [0.0, ink[1], end - begin, ink[3]]
    middle_u, middle_v = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    x, y = line.x, line.y + laid.panel.y
    if block.turned:
        affine = (0.0, scale, x - scale * middle_v, -scale, 0.0, y + scale * middle_u)
    else:
        affine = (scale, 0.0, x - scale * middle_u, 0.0, scale, y - scale * middle_v)
    bend = (ARC, block.arc / scale + middle_v) if block.arc else (NO_BEND, 0.0)
    look = 1 + laid.panel.product * LOOKS_A_PRODUCT + (4 if block.font == BRAND_FONT else block.ink_on)
    page.pieces.line(laid.panel.face, affine, bend, box, (len(page.lines), look))
    page.lines.append(line)
    page.roles.append(TOLD.get(block.role, ROLES[block.role]))


def _reach(line: Line, shaped: Shaped) -> tuple[float, float]:
    """Return where a line begins and ends in its text, line px."""
    words = shaped.words[line.text]
    return next(word[2] for word in words if word[0] == line.first), next(word[3] for word in words if word[1] == line.last)


def _add_bar(page: Page, laid: Laid, block: Block, line: Line) -> None:
    """Add a plain bar where a line would be."""
    half = (line.last - line.first) * 0.2 * line.size
    wide, high = (0.3 * line.size, half) if block.turned else (half, 0.3 * line.size)
    half_w, half_h = min(wide, block.box.width / 2), min(high, block.box.height / 2)
    box = Box(line.x - half_w, line.y - half_h, line.x + half_w, line.y + half_h).moved(0, laid.panel.y)
    ink = INK_RGB[int(sum(laid.scheme.colours[block.ink_on]) < 380)]
    page.pieces.shape(laid.panel.face, box, (ink, ink), round=0.4)


def _ground(stock: Stock, recipe: SceneRecipe, stage: Stage, scene: list[float]) -> tuple[int, F32, tuple[float, float, float]]:
    """Return the ground's tile, colours and window: white as in a studio, a colour, a texture or a photo; dark behind shelves."""
    tile = int(pick(np.array([scene[11]]), stock.studio.tile_weights)[0])
    high, wide = stock.studio.tiles.size[tile].tolist()
    zoom = min(0.4 + 0.8 * scene[12], high / recipe.height_px, wide / recipe.width_px)
    window = (scene[13] * max(high - zoom * recipe.height_px, 0), scene[14] * max(wide - zoom * recipe.width_px, 0), zoom)
    tint = np.array([scene[15], scene[16], scene[17]], dtype=np.float32)
    if stage.kind == SHELF:
        return -1, np.stack([30 + 40 * tint, 60 + 90 * tint]).astype(np.float32), window
    if scene[18] < recipe.white_share:
        return -1, np.array([[255.0] * 3, [238 + 17 * scene[19]] * 3], dtype=np.float32), window
    pale = 120 + 130 * tint * (0.6 + 0.4 * scene[19])
    ground = np.stack([pale, pale * (0.7 + 0.25 * scene[20])]).astype(np.float32)
    return (-1 if scene[18] < recipe.white_share + recipe.plain_share else tile), ground, window
