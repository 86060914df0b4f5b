"""What every planned choice is called and counted in: the one place that names the fields of plan.LOOK and records.FRAME for people.

A line px is a 48th of an em. Shares are 0 to 1, colours 0 to 255.
"""

from collections.abc import Mapping

import numpy as np

from synthgen.scene.plan import LOOK
from synthgen.scene.records import FRAME

NAMED: Mapping[str, tuple[str, ...]] = {  # choices that are numbers of names, in the order of plan.BENDS, PANELS, BLENDS
    "bend": ("none", "arc", "wave", "cylinder"),
    "panel": ("none", "box", "band", "ellipse", "two colours"),
    "blend": ("normal", "multiply", "screen"),
    "flip": ("none", "left to right", "top to bottom", "both"),
    "underline": ("no", "yes"),
    "grey": ("no", "yes"),
    "invert": ("no", "yes"),
}
LOOKS: Mapping[str, Mapping[str, str]] = {  # by part of the plan: field and what its value means
    "letters": {
        "spacing": "line px, between letters",
        "weight": "line px, ink spread (above 0) or eaten",
        "slant": "tangent of the letters' lean",
        "stretch": "times as wide",
        "underline": "",
    },
    "shape": {
        "tilt_deg": "degrees, clockwise",
        "shear": "of the plane, along the vertical",
        "depth_x": "change of depth from the middle to the right",
        "depth_y": "change of depth from the middle to the bottom",
        "bend": "",
        "bend_size": "degrees of an arc or cylinder, line px of a wave",
        "bend_view": "of a cylinder: sine of the angle looked down at; of a wave: its length and phase",
    },
    "crop": {
        **dict.fromkeys(("pad_left", "pad_top", "pad_right", "pad_bottom"), "of the word's height"),
        "left_gap": "line px to a neighbour, 0: none",
        "right_gap": "line px to a neighbour, 0: none",
        "above": "line px to a line above, 0: none",
        "below": "line px to a line below, 0: none",
        "lean": "how far other lines are pushed aside, -1 to 1",
        "beneath": "opacity of a faint text under the word, 0: none",
    },
    "ground": {
        "tile": "",
        "flip": "",
        "tile_x": "share of the tile's width, of the corner",
        "tile_y": "share of the tile's height, of the corner",
        "zoom": "picture px a tile px",
        "ground": "RGB at tone 0 and 255 of a texture",
        "panel": "",
        "panel_rgb": "RGB",
        "panel_x": "line px from the word to its edge",
        "panel_y": "line px from the word to its edge",
        "panel_round": "corner radius, of half the shorter side",
        "panel_border": "line px, 0: none",
    },
    "ink": {
        "ink": "RGB of the candidates; the first that can be read on the ground is used",
        "second": "RGB, of outline, border, gradient and texts beneath",
        "edge": "steepness; 1: from bare to inked within a pixel",
        "opacity": "share",
        "blend": "",
        "fade_x": "gradient to the second colour along the line, 0: none",
        "fade_y": "gradient to the second colour downward, 0: none",
        "ink_texture": "how uneven, 0: even",
        "outline": "line px, 0: none",
        "shadow_x": "line px",
        "shadow_y": "line px",
        "shadow_soft": "share",
        "shadow_dark": "share",
        "extrude_x": "line px",
        "extrude_y": "line px",
        "emboss": "strength, 0: none",
        "glow": "line px, 0: none",
        "worn": "strength, 0: none",
        "dots": "line px from dot to dot, 0: none",
    },
    "light": {
        "slope_x": "change of light over the width",
        "slope_y": "change of light over the height",
        "glare": "0 to 255, 0: none",
        "glare_x": "share of the width",
        "glare_y": "share of the height",
        "glare_size": "radius, of the height",
        "shade": "share of light taken, 0: none",
        "shade_x": "where to, -1 to 1",
        "shade_y": "where to, -1 to 1",
        "exposure": "times the light",
    },
    "camera": {
        "taken_px": "height taken at, then scaled up",
        "defocus": "px, radius",
        "motion_x": "px",
        "motion_y": "px",
        "sharpen": "strength, 0: none",
        "noise": "standard deviation, 0 to 255",
        "noise_at": "share of the bank of numbers, where the noise begins",
        "curve": "bend of the tone curve",
        "cast": "gain of R, G, B",
        "veil": "share of grey mixed in",
        "veil_grey": "0 to 255",
        "grey": "",
        "invert": "",
        "quality": "of the JPEG, 1 to 100",
    },
}
LAYOUT: Mapping[str, str] = {  # of FRAME
    "inverse": "homography picture px -> line px, row by row",
    "middle": "line px, where the bend is about",
    "radius": "line px, of the bend, or its amplitude",
    "bend_view": "as planned",
    "box": "line px: left, top, right, bottom of the word",
    "scale": "picture px a line px",
    "baseline": "line px, down",
    "width": "px, of the picture",
    "bend": "",
    "ascent": "line px",
    "descent": "line px",
}
Value = str | int | float | list["Value"]
Choices = dict[str, tuple[Value, str]]  # name: value and unit


def look_of(look: np.void, backgrounds: tuple[str, ...]) -> dict[str, Choices]:
    """Return every field of one LOOK by part of the plan, in their order."""
    return {part: {name: (_value(name, look[name], backgrounds), unit) for name, unit in fields.items()} for part, fields in LOOKS.items()}


def layout_of(frame: np.void) -> Choices:
    """Return every field of one FRAME."""
    return {name: (_value(name, frame[name], ()), unit) for name, unit in LAYOUT.items()}


def _value(name: str, given: np.generic, backgrounds: tuple[str, ...]) -> Value:
    if name == "tile":
        return f"{backgrounds[int(given)]} (tile {int(given)})"
    if name in NAMED:
        return NAMED[name][int(given)]
    return plain(np.asarray(given).tolist())


def plain(value: Value) -> Value:
    """Return a value with numbers to six digits: what float32 holds."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    return float(f"{value:.6g}") + 0.0 if isinstance(value, float) else value  # + 0.0: no -0


def unnamed() -> set[str]:
    """Return the fields that this file forgets, or names though there are none."""
    named = {name for fields in LOOKS.values() for name in fields}
    return (named ^ set(LOOK.names or ())) | (set(LAYOUT) ^ set(FRAME.names or ()))
