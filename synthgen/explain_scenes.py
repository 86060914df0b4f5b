"""The choices of one scene, recomputed: what stands where, each line of text, each word as it came out."""

import numpy as np

from synthgen.arrays import F64
from synthgen.assets.scene_assets import SceneAssets
from synthgen.explain_fields import Choices, Value, look_of, plain
from synthgen.explain_words import Sections
from synthgen.held_out import SPLITS
from synthgen.renderer import PLAIN
from synthgen.scene.pack_stock import SCHEME_DRAWS, plan_fonts, plan_schemes
from synthgen.scene.pack_views import DRAWS as PLACE_DRAWS
from synthgen.scene.pack_views import PI, Pack
from synthgen.scene.packs import draw_stage
from synthgen.scene.pieces import LINE, ScenePlan
from synthgen.scene.plan import EM_PX
from synthgen.scene.words import strings
from synthgen.scene_recipe import SceneRecipe
from synthgen.scene_renderer import Scene, ScenePainter

PACK_KINDS = ("carton", "can", "jar", "pouch", "lid", "tag")  # pack_views.KINDS
STAGES = ("single", "group", "shelf", "flat lay")  # pack_views.SCENES
ARRANGED = ("light", "camera")  # parts of a look that are the whole picture's
Row = dict[str, Value]
Faces = tuple[str, ...]  # names


def explain_scene(painter: ScenePainter, recipe: SceneRecipe, seed: int, scene: Scene) -> Sections:
    """Return what was chosen for a scene as a whole, by section."""
    assets, plan = painter.assets_of(scene.split), painter.plan(scene.index, scene.split)
    product = painter.is_product(scene.index)
    whole: Choices = {
        "kind": ("packs" if product else "text on a photo", ""),
        "without text": ("yes" if plan.negative else "no", ""),
        "background": (PLAIN if plan.tile < 0 else assets.backgrounds[plan.tile], ""),
        "ground": (plain(plan.ground.tolist()), "RGB of a plain ground, or at tone 0 and 255 of a texture"),
        "window": (plain([float(number) for number in plan.window]), "top, left in the tile, tile px; tile px a picture px"),
        "size": (list(plan.size), "px, height and width"),
        "side": (SPLITS[scene.split], ""),
    }
    if product:
        stage = draw_stage(recipe, seed, scene.index)[2]
        whole["arranged"] = (STAGES[stage.kind], "")
        whole["boards"] = (len(stage.boards), "shelves")
    outcome: Choices = {"places tried": (plan.attempts, ""), **{name: (count, "") for name, count in scene.counts.items()}}
    looks = look_of(plan.looks[0], assets.backgrounds)
    return {"scene": whole} | {part: looks[part] for part in ARRANGED} | {"outcome": outcome}


def packs_of(painter: ScenePainter, recipe: SceneRecipe, seed: int, scene: Scene, faces: Faces) -> list[Row]:
    """Return the packs and price tags of a scene in painting order; none where it has none."""
    if not painter.is_product(scene.index):
        return []
    _, rows, stage = draw_stage(recipe, seed, scene.index)
    looked: F64 = rows[:, PLACE_DRAWS : PLACE_DRAWS + SCHEME_DRAWS]
    assets = painter.assets_of(scene.split)
    return [_pack(pack, looked, assets, faces) for pack in (*stage.packs, *stage.tags)]


def _pack(pack: Pack, looked: F64, assets: SceneAssets, faces: Faces) -> Row:
    scheme = plan_schemes(assets.stock, looked)[pack.product]
    fonts = [faces[face] for face in plan_fonts(assets.stock, looked)[pack.product].tolist()]
    numbers = {name: float(getattr(pack, name)) for name in ("x", "y", "w", "h", "deep", "focal")}
    degrees = {f"{name}_deg": getattr(pack, name) * 180 / PI for name in ("yaw", "pitch", "roll")}
    return {
        "kind": PACK_KINDS[pack.kind],
        "product": pack.product,
        **{name: plain(number) for name, number in (numbers | degrees).items()},
        "colours": plain([list(rgb) for rgb in scheme.colours]),
        "texture": assets.backgrounds[scheme.tile],
        "gloss": plain(float(scheme.gloss)),
        "fonts": [*fonts],
    }


def lines_of(painter: ScenePainter, scene: Scene, faces: Faces) -> list[Row]:
    """Return the planned lines of text in reading order, with their face and em size in the picture."""
    plan = painter.plan(scene.index, scene.split)
    if plan.negative:
        return []
    texts = strings(painter.assets_of(scene.split).stock.studio.alphabet, plan.texts.codes, plan.texts.offsets)
    sizes = _font_px(plan)
    return [
        {"line": k, "text": text, "role": plan.texts.role[k], "font": faces[int(plan.texts.face[k])], "font_px": plain(sizes.get(k, 0.0))}
        for k, text in enumerate(texts)
    ]


def _font_px(plan: ScenePlan) -> dict[int, float]:
    """Return the em size of each line at the middle of its ink, px, bends left out of account."""
    found = {}
    for piece in plan.pieces[plan.pieces["kind"] == LINE]:
        way, affine, box = plan.faces[piece["face"]]["homography"].reshape(3, 3), piece["affine"].reshape(2, 3), piece["box"]
        middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 1.0])
        x, y = affine @ middle
        depth = way[2] @ np.array([x, y, 1.0])
        grown = abs(np.linalg.det(affine[:, :2])) * abs(np.linalg.det(way) / depth**3)  # of areas
        found[int(piece["text"])] = float(EM_PX * np.sqrt(grown))
    return found


def words_of(scene: Scene, faces: Faces) -> list[Row]:
    """Return the words as they came out, in the order of the column `words`."""
    truth = scene.truth
    return [
        {
            "word": k,
            "text": text,
            "line": int(truth.word_line[k]),
            "font": faces[int(truth.word_face[k])] if truth.word_face[k] >= 0 else "",
            "visible": plain(float(truth.word_visible[k])),
            "ignore": bool(truth.word_ignore[k]),
            "quad": plain(truth.word_quads[k].tolist()),
        }
        for k, text in enumerate(truth.word_text)
    ]
