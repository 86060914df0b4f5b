"""Which samples are for validation: the `[split]` table of a recipe."""

from typing import Literal, Self

from pydantic import model_validator

from synthgen.recipe_fields import Frozen, Share


class SplitRecipe(Frozen):
    """Samples of fonts, words and backgrounds that training never sees: the `[split]` table."""

    validation_share: Share = 0.0  # of the samples; 0: all are for training, nothing is held out
    held_out_share: Share = 0.1  # of the font families, words and backgrounds: validation has these alone, training the others
    by: tuple[Literal["font", "text", "background"], ...] = ("font", "text", "background")  # what is held out; scenes: never by text

    @model_validator(mode="after")
    def _can_be_split(self) -> Self:
        if self.validation_share > 0 and not 0 < self.held_out_share < 1:
            raise ValueError(f"need 0 < held_out_share < 1 to split, got {self.held_out_share:.4g}")
        if self.validation_share > 0 and not self.by:
            raise ValueError("need one of font, text and background in by to split, got none")
        return self
