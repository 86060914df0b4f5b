"""Smooth regions of a picture, each with a plane for text to lie on.

Source: Gupta, Vedaldi & Zisserman, "Synthetic Data for Text Localisation in Natural Images", CVPR 2016 (SynthText): text goes on regions
of even colour and texture, foreshortened as their plane is. Differs: no depth and no segmentation, which take seconds a picture and
networks; regions are rectangles of planes grown over cells with weak gradients, planes turn as the edges around them do and are tilted
at random within bounds.
"""

from dataclasses import dataclass

import numpy as np

from synthgen.arrays import F64, I32, U8, Quads
from synthgen.scene import region_kernels as kernels
from synthgen.scene.region_kernels import CELL_PX

ATTEMPTS = 32  # places tried in a picture, however little room it has
LEVELS = (6, 38)  # grey levels over two pixels: always smooth below (studio ground, sky), never above (leaves, noise)
MARK_PX = 1.2 * CELL_PX  # kept from text that is there already: half a cell's diagonal, and half that between points of a rectangle


@dataclass(frozen=True)
class RegionRules:
    """What regions may be like."""

    smooth_share: float  # of the cells, those that text may stand on
    steepest: tuple[float, float, float]  # tangents of the turn in the picture, of yaw and of pitch
    turned_share: float  # of the regions, text that runs downward
    border_share: float  # that may reach up to kernels.BORDER_PX over the picture's edge
    widest: tuple[float, float]  # width and height, px


@dataclass(frozen=True)
class Ground:
    """What lies behind the picture."""

    tile: U8  # (height, width, channels)
    window: F64  # (3,) top and left in the tile, tile px a picture px
    contrast: float  # what a step of the tile's brightness becomes in the picture: 1 for photos


@dataclass(frozen=True)
class Survey:
    """A picture in cells of CELL_PX."""

    blocked: U8  # (rows, columns) 1: no text here
    tensor: I32  # (rows, columns, 3) sums of gradients, xx, yy, xy
    levels: U8  # (rows, columns) how rough
    limit: int  # roughest level that is not blocked


@dataclass(frozen=True)
class Regions:
    """Places for text, in order of finding; none over another."""

    planes: F64  # (n, 9) homographies, plane -> picture px; one unit is one px at the plane's origin
    boxes: F64  # (n, 4) x0, y0, x1, y1 of the rectangle in the plane
    attempts: int

    def quads(self) -> Quads:
        """Return the rectangles in the picture, px, `(n, 4, 2)`."""
        out = np.empty((len(self.boxes), 4, 2))
        for plane, box, quad in zip(self.planes, self.boxes, out, strict=True):
            kernels.place_box(plane, box, quad)
        return out.astype(np.float32)


def survey(ground: Ground, size: tuple[int, int], marked: Quads, smooth_share: float) -> Survey:
    """Return where text may stand in a picture of `size` (height, width); not on `marked` quads (m, 4, 2), px."""
    cells = (size[0] // CELL_PX, size[1] // CELL_PX)
    levels, tensor = np.empty(cells, dtype=np.uint8), np.empty((*cells, 3), dtype=np.int32)
    kernels.measure(ground.tile, ground.window, ground.contrast, levels, tensor)
    blocked = np.empty(cells, dtype=np.uint8)
    limit = kernels.block_rough(levels, smooth_share, np.array(LEVELS, dtype=np.int32), blocked) if blocked.size else 0
    for quad in marked.astype(np.float64):
        kernels.block_quad(blocked, quad, MARK_PX)
    return Survey(blocked, tensor, levels, limit)


def find_regions(surveyed: Survey, rules: RegionRules, draws: F64, most: int) -> Regions:
    """Return up to `most` regions of a picture; `draws` (attempts, DRAWS), one row for each place tried. Their cells become blocked."""
    limits = np.array([*rules.steepest, rules.turned_share, rules.border_share, *rules.widest])
    planes = np.empty((most, 13))
    found, tried = kernels.find_planes(surveyed.blocked, surveyed.tensor, draws, limits, planes)
    return Regions(planes[:found, :9].copy(), planes[:found, 9:].copy(), tried)
