"""A spatial transformer: turns, shifts and stretches a word's picture to where the reader reads it best."""

import keras
import numpy as np
from keras import layers, ops

FILTERS = (16, 32, 64)  # of the 3 x 3 convolutions of the localization net, a 2 x 2 pool after each; an eightieth of the reader's work
UNITS = 64  # of its dense layer
PACE = 0.1  # Adam moves all weights alike: at 1, five steps at 1e-3 shift a 128 px picture by 9 px before the reader reads anything
IDENTITY = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)


@keras.saving.register_keras_serializable(package="recognizer")
class Rectifier(layers.Layer):
    """Return pictures `(b, h, w, 1)`, each warped by an affine transform read off it, float32; untrained, the pictures given.

    A small net reads off `theta`, the identity plus a tenth of its last layer, whose weights start at zero; `warp` follows it.
    Height and width are 8 or more. All but the net's hidden layers is float32, whatever the policy: bfloat16 places a column of a
    128 px picture only to a quarter of a pixel.

    Source: Jaderberg et al. 2015, "Spatial transformer networks", arXiv:1506.02025, section 3; the net's sizes are our own.
    Differs: outside the picture `warp` repeats its border, where theirs is 0: black wedges beside a word would look like strokes.
    """

    def __init__(self, *, name: str | None = None, trainable: bool = True, dtype: str | keras.DTypePolicy | None = None) -> None:
        super().__init__(name=name, trainable=trainable, dtype=dtype, autocast=False)  # else the picture arrives in bfloat16
        self.localization = keras.Sequential(name="localization")
        for n, filters in enumerate(FILTERS, start=1):
            self.localization.add(layers.Conv2D(filters, 3, padding="same", activation="relu", dtype=self.dtype_policy, name=f"conv{n}"))
            self.localization.add(layers.MaxPooling2D(2, dtype=self.dtype_policy, name=f"pool{n}"))
        self.localization.add(layers.Flatten(dtype=self.dtype_policy, name="flat"))
        self.localization.add(layers.Dense(UNITS, activation="relu", dtype=self.dtype_policy, name="dense"))
        self.localization.add(layers.Dense(6, kernel_initializer="zeros", dtype="float32", name="theta"))

    def build(self, image_shape: tuple[int, ...]) -> None:
        """Make the weights of the localization net."""
        self.localization.build(image_shape)

    def compute_output_spec(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape and dtype of what `call` returns."""
        return keras.KerasTensor(image.shape, dtype="float32")

    def call(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return the pictures, each warped its own way."""
        return warp(ops.cast(image, "float32"), self.theta(image))

    def theta(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Return each picture's transform, float32 `(b, 2, 3)`, as `warp` takes it."""
        return IDENTITY + PACE * ops.reshape(self.localization(image), (-1, 2, 3))


def warp(image: keras.KerasTensor, theta: keras.KerasTensor) -> keras.KerasTensor:
    """Return what `theta` float32 `(b, 2, 3)` makes of pictures float32 `(b, h, w, 1)`, bilinear, borders repeated outside.

    Pixel (x, y) of the result is read at theta (x, y, 1), both in units where the picture's outer edges are -1 and 1.
    The same as ONNX's AffineGrid and GridSample with align_corners=0, mode linear, padding_mode border.
    Source: Jaderberg et al. 2015, equations 1 and 5.
    """
    height, width = image.shape[1:3]
    across, down = _grid(height, width)
    # not a matrix product: GPUs round the factors of float32 products to 10 bits unless told not to
    source = theta[:, :, 0:1] * across + theta[:, :, 1:2] * down + theta[:, :, 2:3]  # (b, 2, h w)
    left, right_share = _cell(source[:, 0], width)
    top, lower_share = _cell(source[:, 1], height)
    flat = ops.reshape(image, (-1, height * width))
    corner = top * width + left
    upper = _between(ops.take_along_axis(flat, corner, 1), ops.take_along_axis(flat, corner + 1, 1), right_share)
    lower = _between(ops.take_along_axis(flat, corner + width, 1), ops.take_along_axis(flat, corner + width + 1, 1), right_share)
    return ops.reshape(_between(upper, lower, lower_share), (-1, height, width, 1))


def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of every pixel's centre, row by row, float32 `(h w,)` each, in [-1, 1]."""
    down, across = np.meshgrid((2 * np.arange(height) + 1) / height - 1, (2 * np.arange(width) + 1) / width - 1, indexing="ij")
    return across.ravel().astype(np.float32), down.ravel().astype(np.float32)


def _cell(place: keras.KerasTensor, size: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the pixel at or before `place`, at most the last but one, and how far towards the next `place` lies, 0 to 1."""
    pixel = ops.clip(((place + 1) * size - 1) / 2, 0, size - 1)
    before = ops.minimum(ops.floor(pixel), size - 2)
    return ops.cast(before, "int32"), pixel - ops.stop_gradient(before)


def _between(first: keras.KerasTensor, second: keras.KerasTensor, share: keras.KerasTensor) -> keras.KerasTensor:
    return first * (1 - share) + second * share  # in this form exact at 0 and 1
