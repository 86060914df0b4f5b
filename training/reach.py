"""How the outputs of a layer lie over a picture: how many, how far apart, and how much of it each sees."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Reach:
    """How the outputs of a layer lie over one side of the picture."""

    size: int  # outputs
    stride: int = 1  # px from one output to the next
    field: int | None = 1  # px that one output sees, beyond the picture's ends too; None: the whole side

    def through(self, kernel: int, stride: int, padding: Literal["valid", "same"]) -> "Reach":
        """Return the reach after a window of `kernel` was moved over it in steps of `stride`; a dilated one from its first to its last.

        Source: n_out = floor((n_in + 2p - k) / s) + 1, Dumoulin & Visin 2016, arXiv:1603.07285, relationship 6; stride and field by the
        recurrences of Araujo, Norris & Sim 2019, "Computing receptive fields of convolutional neural networks", Distill.
        """
        padded = 0 if padding == "valid" else max((math.ceil(self.size / stride) - 1) * stride + kernel - self.size, 0)  # 2p: both ends
        seen = None if self.field is None else self.field + (kernel - 1) * self.stride
        return Reach((self.size + padded - kernel) // stride + 1, self.stride * stride, seen)

    def doubled(self) -> "Reach":
        """Return the reach after twice as many outputs were interpolated, each from the two nearest; the stride must be even.

        From here on outputs see alternately more and less, and `field` is their mean: n in a row are made from n / 2 + 1.5 on average.
        """
        return Reach(2 * self.size, self.stride // 2, None if self.field is None else self.field + self.stride)
