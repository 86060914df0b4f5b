"""Labels: what stands where on the front of a pack, its side, a lid, a price tag and a shelf."""

from collections.abc import Iterator
from typing import NamedTuple

from synthgen.scene.copywriting import (
    AMOUNT,
    BADGE,
    BARCODE,
    BRAND,
    CENTS,
    CLAIM,
    DATE,
    FACT,
    FIGURE,
    FLAVOUR,
    HEADING,
    INGREDIENTS,
    LOT,
    NAME,
    ORIGIN,
    PERCENT,
    STORAGE,
    UNIT,
    WEIGHT,
)
from synthgen.scene.label_layout import (
    ACCENT,
    BODY_FONT,
    BOLD_FONT,
    BRAND_FONT,
    GROUND,
    LEFT,
    PANEL,
    SECOND,
    Block,
    Box,
    Label,
    Mark,
)
from synthgen.scene.pieces import BURST, ELLIPSE, RECTANGLE, RIBBON

DRAWS = 28  # numbers a label takes at most
MARGIN = 0.055  # of the label's shorter side
PIECES = 14  # tried for a bowl
ICON_EMS, TABLE_EMS = 9.0, 10.0  # ems of the smallest print across that a row of four icons, and a nutrition table, need
FACTS = 10  # rows of a nutrition table at most

Draws = Iterator[float]


class Print(NamedTuple):
    """Sizes of a label's print, em, label units."""

    least: float
    small: float  # most for small print
    most: float


def front(w: float, h: float, sizes: Print, draws: Draws) -> Label:
    """Return the face that sells: brand, name, flavour, picture, badges, claims, weight, on a label `w` by `h` about (0, 0)."""
    kind, turned, graphic, bottom = next(draws), next(draws), next(draws), next(draws)
    label = Label([], [])
    whole = Box(-w / 2, -h / 2, w / 2, h / 2)
    inner = whole.inset(MARGIN * min(w, h))
    if turned < 0.1 and h > 1.5 * w:
        return _tall(whole, inner, label, sizes, draws)
    _decor(whole, label, draws)
    head, name, flavour, middle, foot = inner.rows((2.0 + 1.6 * kind, 2.2, 1.0, 3.2 + 2 * graphic, 0.9), gap=0.012 * h)
    _brand(whole, head, label, sizes, draws)
    label.blocks.append(Block(NAME, name, GROUND, (sizes.least, 0.8 * sizes.most), lines=3, font=BOLD_FONT))
    _flavour(whole, flavour, label, sizes, draws)
    _picture(middle, label, sizes, draws)
    _foot(whole, foot, label, sizes, bottom)
    return label


def _decor(whole: Box, label: Label, draws: Draws) -> None:
    """Add a sweep of colour or a band across the ground, behind all print; inks are chosen by what is beneath them."""
    kind, place, faint = next(draws), next(draws), next(draws)
    if kind < 0.3:  # of two colours
        y = 0.45 + 0.4 * place
        label.marks.append(Mark(whole.part(0, y, 1, 1), SECOND, opacity=0.4 + 0.5 * faint))
    elif kind < 0.5:
        x = place * 0.7
        label.marks.append(Mark(whole.part(x, 0, x + 0.12 + 0.18 * faint, 1), ACCENT, opacity=0.25 + 0.5 * faint))
    elif kind < 0.65:
        label.marks.append(Mark(whole, GROUND, textured=True, opacity=0.3 + 0.4 * faint))


def _brand(whole: Box, box: Box, label: Label, sizes: Print, draws: Draws) -> None:
    """Add the brand, on the ground, a band across, or a logo shape."""
    shape, share = next(draws), next(draws)
    on = GROUND
    if shape < 0.25:
        label.marks.append(Mark(Box(whole.x0, whole.y0, whole.x1, box.y1), ACCENT))
        on = ACCENT
    elif shape < 0.6:
        outline = (ELLIPSE, RECTANGLE, RIBBON)[int(3 * share)]
        label.marks.append(Mark(box, ACCENT, outline, round=0.5, border=0.03 * box.height * (shape < 0.45), block=len(label.blocks)))
        on, box = ACCENT, box.part(0.14, 0.16, 0.86, 0.84) if outline == ELLIPSE else box.part(0.09, 0.1, 0.91, 0.9)
    arc = 1.6 * box.width if shape > 0.9 else 0.0
    box = box.part(0.04, 0.14, 0.96, 0.8) if arc else box
    label.blocks.append(Block(BRAND, box, on, (sizes.least, sizes.most), lines=2 if shape < 0.9 else 1, font=BRAND_FONT, arc=arc))


def _flavour(whole: Box, box: Box, label: Label, sizes: Print, draws: Draws) -> None:
    kind = next(draws)
    room = box
    if kind < 0.5:
        outline, room = (RECTANGLE, box.part(0.05, 0.1, 0.95, 0.9)) if kind < 0.3 else (RIBBON, box.part(0.1, 0.12, 0.9, 0.88))
        shape = Box(whole.x0, box.y0, box.x1, box.y1) if kind < 0.12 else box
        label.marks.append(Mark(shape, SECOND, outline, round=1.0 if kind > 0.2 else 0.1, block=len(label.blocks)))
    on = SECOND if kind < 0.5 else GROUND
    label.blocks.append(Block(FLAVOUR, room, on, (sizes.least, 0.5 * sizes.most), lines=1 + (kind > 0.8)))


def _picture(box: Box, label: Label, sizes: Print, draws: Draws) -> None:
    """Add a picture in the middle, and beside it a badge and claims."""
    side, kind, badge, claim = next(draws), next(draws), next(draws), next(draws)
    wide = 0.62 if side < 0.8 else 1.0
    near, far = box.part(0, 0, wide, 1), box.part(wide + 0.02, 0, 1, 1)
    if side >= 0.4:
        near, far = box.part(1 - wide, 0, 1, 1), box.part(0, 0, 0.98 - wide, 1)
    round_ = min(near.width, near.height) / 2
    x, y = (near.x0 + near.x1) / 2, (near.y0 + near.y1) / 2
    if kind < 0.6:
        _bowl(Box(x - round_, y - round_, x + round_, y + round_), label, draws, full=kind < 0.4)
    else:
        label.marks.append(Mark(near, SECOND, RECTANGLE, round=0.3 * kind, textured=True, opacity=0.9))
    if wide == 1.0:
        return
    top, low = far.rows((1, 1), gap=0.05 * far.height)
    _badge(top, label, sizes, badge)
    if claim < 0.75:
        label.blocks.append(
            Block(CLAIM, low, GROUND, (sizes.least, 0.22 * sizes.most), lines=3, font=BOLD_FONT if claim < 0.4 else BODY_FONT)
        )


def _bowl(disc: Box, label: Label, draws: Draws, *, full: bool) -> None:
    """Add a plate with what is in it: one surface, or pieces heaped in rings."""
    rim = disc.width / 2
    label.marks.append(Mark(disc, PANEL, ELLIPSE, border=0.05 * rim))
    label.marks.append(Mark(disc.inset(0.2 * rim), SECOND, ELLIPSE, textured=True))
    turn, size = next(draws), 0.13 + 0.06 * next(draws)
    for k in range(PIECES if full else 0):
        u, v = (turn + k * 0.7548776662) % 1, (turn + k * 0.5698402910) % 1  # Source: Roberts 2018, R2 sequence
        if (u - 0.5) * (u - 0.5) + (v - 0.5) * (v - 0.5) < 0.25:
            one = disc.inset(0.3 * rim).part(u - size, v - size, u + size, v + size)
            label.marks.append(Mark(one, ACCENT if k % 3 else SECOND, ELLIPSE, border=0.02 * rim, textured=k % 3 == 1))


def _badge(box: Box, label: Label, sizes: Print, kind: float) -> None:
    """Add a short claim in a burst, a disc or a plate."""
    half = min(box.width, box.height) / 2
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    disc = Box(x - half, y - half, x + half, y + half)
    outline, deep = (BURST, 0.12) if kind < 0.35 else (ELLIPSE, 0.0) if kind < 0.75 else (RECTANGLE, 0.25)
    label.marks.append(
        Mark(disc, ACCENT if kind < 0.5 else SECOND, outline, round=deep, border=0.07 * half * (kind > 0.3), block=len(label.blocks))
    )
    inner = disc.part(0.17, 0.22, 0.83, 0.78)
    label.blocks.append(Block(BADGE, inner, ACCENT if kind < 0.5 else SECOND, (sizes.least, 0.3 * sizes.most), lines=3, font=BOLD_FONT))


def _foot(whole: Box, box: Box, label: Label, sizes: Print, kind: float) -> None:
    """Add the net weight, left, right or in the middle, with a claim or a row of nutrition icons beside it."""
    on = GROUND
    if kind < 0.3:
        label.marks.append(Mark(Box(whole.x0, box.y0, whole.x1, whole.y1), ACCENT))
        on = ACCENT
    most = min(0.35 * sizes.most, 0.9 * box.height)
    left, right = box.part(0, 0, 0.47, 1), box.part(0.53, 0, 1, 1)
    if kind < 0.2 or kind > 0.9:
        label.blocks.append(Block(WEIGHT, box, on, (sizes.least, most)))
        return
    label.blocks.append(Block(WEIGHT, right if kind < 0.6 else left, on, (sizes.least, most), lines=2))
    beside = left if kind < 0.6 else right
    if kind < 0.45 or beside.width < ICON_EMS * sizes.least:
        label.blocks.append(Block(CLAIM, beside, on, (sizes.least, most), nth=1, lines=2))
        return
    for k in range(4):
        icon = beside.part(0.25 * k, 0.05, 0.25 * k + 0.22, 0.95)
        label.marks.append(Mark(icon, SECOND, RECTANGLE, round=0.4))
        label.blocks.append(Block(AMOUNT, icon.part(0.08, 0.1, 0.92, 0.52), SECOND, (sizes.least, sizes.small), nth=k))
        label.blocks.append(Block(PERCENT, icon.part(0.08, 0.55, 0.92, 0.95), SECOND, (sizes.least, sizes.small), nth=k))


def _tall(whole: Box, inner: Box, label: Label, sizes: Print, draws: Draws) -> Label:
    """Return a narrow label whose brand runs up it."""
    if next(draws) < 0.4:
        label.marks.append(Mark(Box(whole.x0, whole.y0, whole.x1, inner.part(0, 0, 1, 0.7).y1), ACCENT))
        on = ACCENT
    else:
        on = GROUND
    label.blocks.append(Block(BRAND, inner.part(0.05, 0.0, 0.95, 0.66), on, (sizes.least, sizes.most), font=BRAND_FONT, turned=True))
    name, flavour, weight = inner.part(0, 0.72, 1, 1).rows((2, 1, 0.8), gap=0.01 * inner.height)
    label.blocks.append(Block(NAME, name, GROUND, (sizes.least, 0.6 * sizes.most), lines=2, font=BOLD_FONT))
    label.blocks.append(Block(FLAVOUR, flavour, GROUND, (sizes.least, 0.4 * sizes.most)))
    label.blocks.append(Block(WEIGHT, weight, GROUND, (sizes.least, 0.3 * sizes.most)))
    return label


def back(w: float, h: float, sizes: Print, draws: Draws) -> Label:
    """Return the face that informs: nutrition table, ingredients, storage, origin, barcode, dates."""
    first, table, ends = next(draws), next(draws), next(draws)
    label = Label([], [])
    inner = Box(-w / 2, -h / 2, w / 2, h / 2).inset(MARGIN * min(w, h))
    brand, upper, text, foot = inner.rows((0.8, 3.4 + 1.5 * table, 2.4, 1.7), gap=0.02 * h)
    label.blocks.append(Block(BRAND, brand, GROUND, (sizes.least, 0.5 * sizes.most), font=BRAND_FONT))
    _facts(upper.part(0, 0, 0.55 + 0.45 * (first < 0.5 or w < 16 * sizes.least), 1), label, sizes)
    if first >= 0.5 and w >= 16 * sizes.least:
        claims = upper.part(0.6, 0, 1, 1).rows((1, 1, 1), gap=0.03 * h)
        for k, box in enumerate(claims):
            label.blocks.append(Block(CLAIM, box, GROUND, (sizes.least, 1.6 * sizes.small), nth=2 + k, lines=3, align=LEFT))
    label.blocks.append(Block(INGREDIENTS, text, GROUND, (sizes.least, sizes.small), lines=0, align=LEFT))
    wide = 0.5 if w > 14 * sizes.least else 1.0
    _barcode(foot.part(0, 0, wide, 1) if ends < 0.5 else foot.part(1 - wide, 0, 1, 1), label, sizes)
    if wide < 1:
        rest = (foot.part(wide + 0.04, 0, 1, 1) if ends < 0.5 else foot.part(0, 0, 0.96 - wide, 1)).rows((1, 1, 1, 1), gap=0.004 * h)
        for role, box in zip((DATE, LOT, ORIGIN, STORAGE), rest, strict=True):
            label.blocks.append(Block(role, box, GROUND, (sizes.least, sizes.small), align=LEFT, lines=2 if role == STORAGE else 1))
    return label


def _facts(box: Box, label: Label, sizes: Print) -> None:
    """Add a nutrition table: heading, rows of fact, amount and percent, rules between them."""
    rule = max(0.012 * box.width, 0.6)
    row = 1.45 * max(sizes.least, min(sizes.small, box.height / 14))
    count = min(FACTS, int((box.height - 2 * row) / row))
    if count < 3 or box.width < TABLE_EMS * sizes.least:
        return
    box = Box(box.x0, box.y0, box.x1, box.y0 + (count + 2.1) * row)
    label.marks.append(Mark(box, PANEL, RECTANGLE, border=rule))
    inner = box.inset(3 * rule)
    head, *rows = inner.rows((1.5, *([1.0] * count)))
    label.blocks.append(Block(HEADING, head.part(0, 0.05, 1, 0.92), PANEL, (sizes.least, 2 * sizes.small), align=LEFT, font=BOLD_FONT))
    for k, line in enumerate(rows):
        label.marks.append(Mark(Box(inner.x0, line.y0 - rule / 3, inner.x1, line.y0 + rule / 3), -1 - PANEL))
        cells = (line.part(0, 0.14, 0.6, 0.9), line.part(0.63, 0.14, 0.81, 0.9), line.part(0.84, 0.14, 1, 0.9))
        for role, cell in zip((FACT, AMOUNT, PERCENT), cells, strict=True):
            label.blocks.append(Block(role, cell, PANEL, (sizes.least, sizes.small), nth=k, align=LEFT))


def _barcode(box: Box, label: Label, sizes: Print) -> None:
    """Add bars with their digits beneath, on white."""
    bars, digits = box.inset(0.06 * box.height).rows((3.2, 1))
    label.marks.append(Mark(box, PANEL))
    label.marks.append(Mark(bars.part(0.02, 0, 0.98, 1), PANEL, block=len(label.blocks), barcode=True))
    label.blocks.append(Block(BARCODE, digits.part(0.05, 0.1, 0.95, 1), PANEL, (sizes.least, sizes.small)))


def lid(w: float, h: float, sizes: Print, draws: Draws) -> Label:
    """Return a round lid or the foil of a coffee pod: brand in the middle, claim and weight along its rim."""
    kind, badge = next(draws), next(draws)
    label = Label([], [])
    half = min(w, h) / 2
    disc = Box(-half, -half, half, half)
    label.marks.append(Mark(disc.inset(0.06 * half), ACCENT, ELLIPSE, border=0.02 * half))
    label.marks.append(Mark(disc.inset(0.34 * half), GROUND, ELLIPSE, border=0.015 * half * (kind < 0.5)))
    middle = Box(-0.5 * half, -0.36 * half, 0.5 * half, 0.36 * half)
    brand, name, flavour = middle.rows((1.6, 1.0, 0.7), gap=0.03 * half)
    label.blocks.append(Block(BRAND, brand, GROUND, (sizes.least, sizes.most), lines=2, font=BRAND_FONT))
    label.blocks.append(Block(NAME, name, GROUND, (sizes.least, 0.6 * sizes.most), lines=2, font=BOLD_FONT))
    label.blocks.append(Block(FLAVOUR, flavour, GROUND, (sizes.least, 0.5 * sizes.most)))
    tall, reach = 0.15 * half, 0.77 * half  # of the letters, and of the circle through their middles
    for role, y in ((CLAIM, -reach), (WEIGHT, reach)):
        box = Box(-1.2 * half, y - tall / 2, 1.2 * half, y + tall / 2)  # along the arc: 90 degrees to each side
        label.blocks.append(Block(role, box, ACCENT, (sizes.least, 0.5 * sizes.most), arc=-y, font=BOLD_FONT if badge < 0.5 else BODY_FONT))
    return label


def tag(w: float, h: float, sizes: Print, draws: Draws) -> Label:
    """Return a price tag: big figure, small raised cents, name, unit price, sometimes a barcode."""
    band, kind = next(draws), next(draws)
    label = Label([], [])
    whole = Box(-w / 2, -h / 2, w / 2, h / 2)
    inner = whole.inset(0.05 * h)
    top, low, foot = inner.rows((1.0, 2.4, 0.7), gap=0.03 * h)
    if band < 0.5:
        label.marks.append(Mark(Box(whole.x0, whole.y0, whole.x1, top.y1), ACCENT))
    on = ACCENT if band < 0.5 else GROUND
    label.blocks.append(Block(NAME, top.part(0, 0.08, 1, 0.92), on, (sizes.least, sizes.most), align=LEFT, lines=2, font=BOLD_FONT))
    price, beside = (low.part(0, 0, 0.66, 1), low.part(0.7, 0, 1, 1)) if kind < 0.7 else (low.part(0.34, 0, 1, 1), low.part(0, 0, 0.3, 1))
    label.blocks.append(Block(FIGURE, price.part(0, 0, 0.64, 1), GROUND, (sizes.least, sizes.most), align=0.5, font=BRAND_FONT))
    label.blocks.append(Block(CENTS, price.part(0.67, 0.02, 1, 0.52), GROUND, (sizes.least, sizes.most), align=LEFT, font=BRAND_FONT))
    if w > 12 * sizes.least and kind < 0.5:
        _barcode(beside, label, sizes)
    label.blocks.append(Block(UNIT, foot.part(0, 0, 0.5, 1), GROUND, (sizes.least, 2 * sizes.small), align=LEFT))
    label.blocks.append(Block(WEIGHT, foot.part(0.55, 0, 1, 1), GROUND, (sizes.least, 2 * sizes.small), align=LEFT))
    return label
