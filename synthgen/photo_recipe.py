"""What scenes on photos are made of: the `[photo_scene]` table of a recipe."""

from typing import Annotated

from pydantic import Field

from synthgen.recipe_fields import Frozen, Range, Share, within

MOST_REGIONS = 16


class PhotoSceneRecipe(Frozen):
    """Text on photos: the `[photo_scene]` table. Lengths in picture px, angles as tangents."""

    negative_share: Share = 0.05  # of the scenes, photos without new text
    zoom: Annotated[Range, within(0.05, 1)] = (0.55, 1.0)  # of the largest part of the photo that has the picture's shape
    regions: Annotated[int, Field(ge=1, le=MOST_REGIONS)] = 12  # at most; half of it at least, where there is room
    smooth_share: Share = 0.62  # of the picture, the smoothest part, that may hold text
    least_px: Annotated[float, Field(ge=4, le=64)] = 8.0  # em size of the smallest text
    most_share: Annotated[float, Field(gt=0, le=0.5)] = 0.33  # em size of the largest, of the picture's height
    paragraph_share: Share = 0.45  # of the regions, more than one line where they are high enough
    leading_em: Annotated[Range, within(0.8, 4)] = (1.0, 1.45)
    upper_share: Share = 0.3  # of the regions, set in capitals
    arc_share: Share = 0.06  # of the single lines
    wave_share: Share = 0.03
    arc_deg: Annotated[Range, within(1, 180)] = (15.0, 80.0)
    wave_em: Annotated[Range, within(0, 0.5)] = (0.03, 0.12)
    turn: Share = 0.35  # steepest line
    yaw: Share = 0.6
    pitch: Share = 0.4
    turned_share: Share = 0.03  # of the regions, text that runs downward
    border_share: Share = 0.06  # of the regions, may be cut by the picture's edge
    widest_share: Annotated[float, Field(gt=0, le=1)] = 0.75  # of the picture's width, a region
    highest_share: Annotated[float, Field(gt=0, le=1)] = 0.4


class SizedPhotoRecipe(PhotoSceneRecipe):
    """The same for pictures of the size that `[scene]` gives."""

    height_px: int = 640
    width_px: int = 640
