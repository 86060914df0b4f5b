"""What product scenes are made of: the `[scene]` table of a recipe."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from synthgen.recipe_fields import Frozen, Range, Share, Weight, within


class SceneRecipe(Frozen):
    """Pictures of packs, with all their words. Lengths in picture px, angles in degrees."""

    height_px: Annotated[int, Field(ge=64, le=4096)] = 640
    width_px: Annotated[int, Field(ge=64, le=4096)] = 640
    product_share: Share = 0.65  # of the scenes, packs; the rest: text on photos, see `[photo_scene]`
    negative_share: Share = 0.04  # of the scenes, packs and patterns without a word
    single: Weight = 0.38  # one pack, often cut by the picture's edge
    group: Weight = 0.24  # several on one ground, overlapping
    shelf: Weight = 0.24  # rows on boards with price tags
    flat: Weight = 0.14  # lying, turned: pouches, lids, tags
    packs: Annotated[int, Field(ge=2, le=8)] = 8  # at most
    white_share: Share = 0.4  # studio ground, of the scenes without a shelf
    plain_share: Share = 0.2  # one colour; the rest: texture or photo
    least_px: Annotated[float, Field(ge=4, le=64)] = 8.0  # em size of the smallest print
    most_share: Annotated[float, Field(gt=0, le=0.5)] = 0.33  # em size of the largest, of the picture's height
    yaw_deg: Annotated[float, Field(ge=0, le=60)] = 38.0  # at most, of packs turned away
    pitch_deg: Annotated[float, Field(ge=0, le=45)] = 14.0
    roll_deg: Annotated[float, Field(ge=0, le=45)] = 8.0  # of standing packs
    focal: Annotated[Range, within(1.2, 20)] = (1.6, 4.5)  # focal length over picture height: nearer the eye would be inside a pack
    wrinkle: Annotated[Range, within(0, 0.1)] = (0.004, 0.016)  # amplitude, of a pouch's width; shiny ones have most

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        if self.single + self.group + self.shelf + self.flat <= 0:
            raise ValueError("need single + group + shelf + flat > 0, got 0; raise one")
        if self.white_share + self.plain_share > 1 + 1e-9:
            raise ValueError(f"need white_share + plain_share <= 1, got {self.white_share + self.plain_share:.4g}")
        return self
