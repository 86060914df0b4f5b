"""Where packs stand in the picture, and how a camera sees their faces."""

from collections.abc import Iterator
from typing import NamedTuple

from synthgen.scene.kernels import cosine, sine
from synthgen.scene_recipe import SceneRecipe

PI = 3.141592653589793
KINDS = (CARTON, CAN, JAR, POUCH, LID, TAG) = (0, 1, 2, 3, 4, 5)
SCENES = (SINGLE, GROUP, SHELF, FLAT_LAY) = (0, 1, 2, 3)
STANDING = (5.0, 1.6, 1.5, 2.2, 0.0, 0.0)  # weights of kinds
LYING = (2.0, 0.0, 0.0, 2.0, 2.5, 1.2)
ALONE = (5.5, 1.6, 1.5, 2.7, 0.7, 0.3)
ASPECTS = {CARTON: (1.15, 1.75), CAN: (1.2, 1.9), JAR: (1.0, 1.5), POUCH: (1.1, 1.6), LID: (1.0, 1.0), TAG: (0.5, 0.8)}  # height over width
NARROW = (2.0, 3.0)  # of drink cartons
DRAWS = 20  # numbers a pack takes for its place
SHAPED = 4  # the first of them: kind and measures, which packs of one product share
AGAIN = 19  # the last: whether it is the same product as its neighbour

Draws = Iterator[float]


class Pack(NamedTuple):
    """A pack in the picture, angles in radians."""

    kind: int
    product: int  # of the scene's; packs of one product look alike
    x: float  # picture px, of the front's middle
    y: float
    w: float  # of the front, label units: picture px where it is seen straight on
    h: float
    deep: float  # of a carton, label units
    yaw: float
    pitch: float
    roll: float
    focal: float  # picture px


class Board(NamedTuple):
    """A shelf's edge across the picture."""

    y: float
    high: float


class Stage(NamedTuple):
    """What stands where, the hindmost first."""

    kind: int
    packs: list[Pack]
    boards: list[Board]
    tags: list[Pack]  # price tags on the boards


def drawn(draw: float, bounds: tuple[float, float]) -> float:
    """Return the number that a draw of 0 to 1 takes within bounds."""
    return bounds[0] + (bounds[1] - bounds[0]) * draw


def plan_stage(recipe: SceneRecipe, scene: list[float], rows: list[list[float]]) -> Stage:
    """Return the packs of a scene from its draws and those of each pack, `DRAWS` each."""
    kind = chosen(scene[0], (recipe.single, recipe.group, recipe.shelf, recipe.flat))
    if kind == SHELF:
        return _shelf(recipe, scene, rows)
    count = 1 if kind == SINGLE else 2 + int(scene[1] * min(3, recipe.packs - 1))
    packs = [_alone(recipe, iter(rows[0]))] if kind == SINGLE else _beside(recipe, kind, scene, rows[:count])
    return Stage(kind, packs, [], [])


def chosen(draw: float, weights: tuple[float, ...]) -> int:
    """Return the number that a draw of 0 to 1 takes among weights, not all 0."""
    left = draw * sum(weights)
    for number, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return number
    return max(number for number, weight in enumerate(weights) if weight > 0)


def _aspect(kind: int, draws: Draws) -> float:
    narrow, share = next(draws), next(draws)
    return drawn(share, NARROW) if kind == CARTON and narrow < 0.22 else drawn(share, ASPECTS[kind])


def _turned(recipe: SceneRecipe, kind: int, draws: Draws, roll_deg: float) -> dict[str, float]:
    """Return yaw, pitch, roll in radians, and the focal length; small angles are likelier."""
    yaw, pitch, roll, turned = (2 * next(draws) - 1 for _ in range(4))
    yaw_deg = recipe.yaw_deg * yaw * abs(yaw) * (kind in (CARTON, POUCH, LID, TAG)) * (1 if turned > -0.4 else 0)
    pitch_deg = recipe.pitch_deg * pitch * abs(pitch) * (2.5 if kind == LID else 1.0)
    return {
        "yaw": yaw_deg * PI / 180,
        "pitch": pitch_deg * PI / 180,
        "roll": roll_deg * roll * abs(roll) * PI / 180,
        "focal": drawn(next(draws), recipe.focal) * recipe.height_px,
    }


def _alone(recipe: SceneRecipe, draws: Draws) -> Pack:
    """Return a pack that fills the picture, or is cut by its edges as in a close crop."""
    kind = chosen(next(draws), ALONE)
    aspect, share = _aspect(kind, draws), next(draws)
    room_h, room_w = float(recipe.height_px), float(recipe.width_px)
    high = min(room_h, room_w * aspect) * drawn(share, (0.72, 1.18))
    return Pack(
        kind, 0,
        room_w / 2 + (next(draws) - 0.5) * 0.12 * room_w, room_h / 2 + (next(draws) - 0.5) * 0.08 * room_h,
        high / aspect, high, high / aspect * drawn(next(draws), (0.25, 0.6)),
        **_turned(recipe, kind, draws, recipe.roll_deg),
    )  # fmt: skip


def _beside(recipe: SceneRecipe, kind: int, scene: list[float], rows: list[list[float]]) -> list[Pack]:
    """Return packs side by side on one ground, or lying about; some cover part of their neighbours."""
    room_h, room_w = float(recipe.height_px), float(recipe.width_px)
    base = room_h * drawn(scene[2], (0.86, 0.97))
    fill = drawn(scene[3], (0.85, 1.25)) * room_w / len(rows)
    same = scene[4] < 0.3
    packs = []
    for k, row in enumerate(rows):
        alike, draws = iter(rows[0] if same else row), iter(row[SHAPED:])
        own = chosen(next(alike), STANDING if kind == GROUP else LYING)
        aspect, share = _aspect(own, alike), next(alike)
        wide = min(fill * drawn(share, (0.8, 1.15)), 0.86 * room_h / aspect)
        x = room_w * (k + 0.5) / len(rows) + (next(draws) - 0.5) * 0.1 * room_w
        lying = room_h / 2 + (next(draws) - 0.5) * 0.5 * room_h
        y = base - wide * aspect / 2 if kind == GROUP else lying
        deep = wide * drawn(next(draws), (0.25, 0.6))
        turned = _turned(recipe, own, draws, recipe.roll_deg * (0.3 if kind == GROUP else 4.0))
        packs.append(Pack(own, 0 if same else k, x, y, wide, wide * aspect, deep, **turned))
    return packs if scene[5] < 0.5 else packs[::-1]


def _shelf(recipe: SceneRecipe, scene: list[float], rows: list[list[float]]) -> Stage:
    """Return one or two rows of packs, each on its board with price tags."""
    room_h, room_w = float(recipe.height_px), float(recipe.width_px)
    levels = 1 + (scene[1] < 0.55 and recipe.packs >= 4)
    each = max(2, min(4, recipe.packs // levels, 2 + int(scene[2] * 3)))
    high = 0.085 * room_h if levels == 2 else 0.12 * room_h
    packs, boards, tags = [], [], []
    for level in range(levels):
        floor = room_h * (level + 1) / levels - high
        boards.append(Board(floor, high))
        for k in range(each):
            pack = _on_board(recipe, (level, k, each), (floor, room_h / levels - high), rows)
            packs.append(pack)
            if k % 2 == level % 2:
                wide = min(1.9 * high, 0.9 * room_w / each)
                tags.append(Pack(TAG, pack.product, pack.x, floor + high / 2, wide, 0.86 * high, 0, 0, 0, 0, 3 * room_h))
    return Stage(SHELF, packs, boards, tags)


def _on_board(recipe: SceneRecipe, place: tuple[int, int, int], room: tuple[float, float], rows: list[list[float]]) -> Pack:
    level, k, each = place
    product = level * each + k
    if k and rows[product][AGAIN] < 0.35:
        product -= 1
    alike, draws = iter(rows[product]), iter(rows[level * each + k][SHAPED:])
    kind = chosen(next(alike), STANDING)
    aspect, share = _aspect(kind, alike), next(alike)
    cell = recipe.width_px / each
    wide = min(cell * drawn(share, (0.82, 1.02)), 0.96 * room[1] / aspect)
    x = cell * (k + 0.5) + (next(draws) - 0.5) * 0.06 * cell
    turned = _turned(recipe, kind, draws, 0.15 * recipe.roll_deg)
    turned["yaw"] *= 0.5
    return Pack(kind, product, x, room[0] - wide * aspect / 2, wide, wide * aspect, 0.4 * wide, **turned)


Vector = tuple[float, float, float]
UPRIGHT: tuple[Vector, Vector, Vector] = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def homography(pack: Pack, plane: tuple[Vector, Vector, Vector] = UPRIGHT) -> tuple[float, ...]:
    """Return the way of a plane of a pack into the picture, 9 numbers row by row.

    `plane`: origin and the directions of x and y in the pack's space, about the middle of its front, z away from the camera.
    """
    turn = _rotation(pack.yaw, pack.pitch, pack.roll)
    o, a, b = (tuple(row[0] * v[0] + row[1] * v[1] + row[2] * v[2] for row in turn) for v in plane)
    depth = (a[2] / pack.focal, b[2] / pack.focal, 1 + o[2] / pack.focal)
    flat = (((a[0], b[0], o[0]), pack.x), ((a[1], b[1], o[1]), pack.y))
    return (*(value + at * deep for values, at in flat for value, deep in zip(values, depth, strict=True)), *depth)


def side_of(pack: Pack) -> tuple[Vector, Vector, Vector]:
    """Return the plane of the carton's side that the camera sees."""
    right = 1.0 if pack.yaw > 0 else -1.0
    return (right * pack.w / 2, 0.0, pack.deep / 2), (0.0, 0.0, right), (0.0, 1.0, 0.0)


def shows_side(pack: Pack) -> bool:
    """Return whether the camera, which stands `focal` before the middle of the front, is outside of the plane of `side_of`.

    Near a wide carton it is not, though the carton is turned: the front hides the side.
    """
    return pack.focal * cosine(pack.pitch) * abs(sine(pack.yaw)) > pack.w / 2


def magnified(way: tuple[float, ...], w: float, h: float) -> tuple[float, float]:
    """Return the least and the largest scale, picture px a label unit across the line of sight, of a label `w` by `h`."""
    depths = [way[6] * x * w / 2 + way[7] * y * h / 2 + way[8] for x in (-1, 1) for y in (-1, 1)]
    return 1 / max(depths), 1 / min(depths)


def _rotation(yaw: float, pitch: float, roll: float) -> tuple[Vector, Vector, Vector]:
    """Return the rows of the rotation: yaw about y first, then pitch about x, then roll in the picture."""
    cy, sy, cx, sx, cz, sz = cosine(yaw), sine(yaw), cosine(pitch), sine(pitch), cosine(roll), sine(roll)
    x0, y0 = (cy, 0.0, sy), (sx * sy, cx, -sx * cy)
    return (
        (cz * x0[0] - sz * y0[0], cz * x0[1] - sz * y0[1], cz * x0[2] - sz * y0[2]),
        (sz * x0[0] + cz * y0[0], sz * x0[1] + cz * y0[1], sz * x0[2] + cz * y0[2]),
        (-cx * sy, sx, cx * cy),
    )
