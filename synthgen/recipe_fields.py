"""What all tables of a recipe are made of: records that cannot be wrong, shares, weights, ranges."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """A record that cannot be wrong once made: unknown keys are errors, values cannot change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError(f"need low <= high, got {value}")
    return value


def within(least: float, most: float) -> AfterValidator:
    """Return a check that a range lies between two numbers."""

    def check(value: tuple[float, float]) -> tuple[float, float]:
        if not least <= value[0] <= value[1] <= most:
            raise ValueError(f"need {least} <= low <= high <= {most}, got {value}")
        return value

    return AfterValidator(check)


Table = TypeVar("Table", bound=Frozen)
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0.0, le=1e6)]
Range = Annotated[tuple[Finite, Finite], AfterValidator(_ordered)]  # (low, high), both ends included


def together(table: Table, *shares: str) -> Table:
    """Return `table`, whose `shares` are of the same whole.

    Raises:
        ValueError: they are more than 1 together.
    """
    total = sum(getattr(table, share) for share in shares)
    if total > 1 + 1e-9:
        raise ValueError(f"need {' + '.join(shares)} <= 1, got {total:.4g}")
    return table
