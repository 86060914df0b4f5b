"""The network of CRAFT: VGG16 with batch norm, a decoder like U-Net's, two maps at half the picture's size."""

import keras
from keras import layers

from detector.options import DetectorOptions as DetectorOptions

STRIDE = 16  # px of the picture a px of the deepest maps; its sides are to be multiples of 32, so that all maps have even sides
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 2))  # filters, convolutions 3 x 3; a pool of 2 between them
SKIPS = ("relu4_2", "relu3_2", "relu2_2")  # what the decoder takes in on its way up, after the norm of block 5
WIDE = 1024  # filters of the two convolutions that stand for VGG's dense layers
DECODER = ((512, 256), (256, 128), (128, 64), (64, 32))  # filters of the 1 x 1 and the 3 x 3 convolution of each stage
HEAD = ((32, 3), (32, 3), (16, 3), (16, 1))  # filters, window
DILATION = 6  # of the first wide convolution
EPSILON, MOMENTUM = 1e-5, 0.9  # of batch norm: PyTorch's defaults, where Keras's momentum counts the other way round


def build_detector(options: DetectorOptions) -> keras.Model:
    """Build the detector: `image` float32 `(b, h, w, 3)` as `prepare.as_input` gives it, h and w multiples of 32 ->
    `maps` float32 `(b, h / 2, w / 2, 2)`, region and affinity score, about 0 to 1.

    Source: Baek et al. 2019, arXiv:1904.01941, section 3.1 and figure 2, and the authors' code for what the paper does not say: which
    layers are joined (before block 5's last ReLU, after the others), and the dilated convolutions in place of VGG's dense layers.
    Differs: He's normal start where the authors begin from weights of ImageNet.
    """
    image = x = keras.Input((None, None, 3), name="image")
    joined: dict[str, keras.KerasTensor] = {}
    for block, (filters, count) in enumerate(BLOCKS, start=1):
        x = layers.MaxPooling2D(2, name=f"pool{block - 1}")(x) if block > 1 else x
        for n in range(1, count + 1):
            x = _convolved(x, filters // options.slim, 3, f"{block}_{n}")
            if (block, n) != (len(BLOCKS), count):
                x = joined[f"relu{block}_{n}"] = layers.ReLU(name=f"relu{block}_{n}")(x)
    deep = x
    x = layers.MaxPooling2D(3, strides=1, padding="same", name="pool5")(x)
    x = layers.Conv2D(WIDE // options.slim, 3, padding="same", dilation_rate=DILATION, kernel_initializer="he_normal", name="conv6")(x)
    x = layers.Conv2D(WIDE // options.slim, 1, kernel_initializer="he_normal", name="conv7")(x)
    x = _decoded(layers.Concatenate(name="join1")([x, deep]), options.slim, 1)
    for stage, skip in enumerate(SKIPS, start=2):
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"up{stage}")(x)
        x = _decoded(layers.Concatenate(name=f"join{stage}")([x, joined[skip]]), options.slim, stage)
    return keras.Model(image, _head(x, options.slim), name="detector")


def _convolved(x: keras.KerasTensor, filters: int, window: int, place: str) -> keras.KerasTensor:
    """Return a convolution, with the bias that the norm after it makes superfluous: the public weights have it."""
    x = layers.Conv2D(filters, window, padding="same", kernel_initializer="he_normal", name=f"conv{place}")(x)
    return layers.BatchNormalization(epsilon=EPSILON, momentum=MOMENTUM, name=f"norm{place}")(x)


def _decoded(x: keras.KerasTensor, slim: int, stage: int) -> keras.KerasTensor:
    for n, (filters, window) in enumerate(zip(DECODER[stage - 1], (1, 3), strict=True), start=1):
        x = layers.ReLU(name=f"relu_up{stage}_{n}")(_convolved(x, filters // slim, window, f"_up{stage}_{n}"))
    return x


def _head(x: keras.KerasTensor, slim: int) -> keras.KerasTensor:
    for n, (filters, window) in enumerate(HEAD, start=1):
        filters = max(filters // slim, 8)  # fewer than 8 could not tell two maps apart
        x = layers.Conv2D(filters, window, padding="same", activation="relu", kernel_initializer="he_normal", name=f"conv_head{n}")(x)
    return layers.Conv2D(2, 1, dtype="float32", name="maps")(x)
