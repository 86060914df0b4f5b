"""The networks: the talk's CRNN as DESIGN.md's table has it, and the two options put before and after it."""

import keras
from keras import layers

from recognizer.options import LEAST_WIDTH as LEAST_WIDTH
from recognizer.options import ReaderOptions as ReaderOptions
from recognizer.prepare import HEIGHT

STAGES = (  # filters, batch norm after the ReLU, pool (height, width) of each 3 x 3 convolution
    (64, False, (2, 2)),
    (128, False, (2, 2)),
    (256, False, None),
    (256, False, (2, 1)),
    (512, True, None),
    (512, True, (2, 1)),
)
LSTM_UNITS = 128  # each way


def build_reader(options: ReaderOptions) -> keras.Model:
    """Build the word reader: `image` float32 `(b, 32, width, 1)` in [0, 1] -> float32 logits, softmax outside.

    Head ctc: `(b, width / 4 - 1, classes)`, class 0 the blank. Head attention: one step more, class 0 the end of the text.
    """
    image = keras.Input((HEIGHT, options.width, 1), name="image")
    return keras.Model(image, _head(features(_rectified(image, options)), options), name="reader")


def features(image: keras.KerasTensor) -> keras.KerasTensor:
    """Return the sequence read off a picture, `(b, 32, w, 1)` -> `(b, w / 4 - 1, 256)`: convolutions, then two bidirectional LSTMs.

    Source: Shi, Bai & Yao 2015, arXiv:1507.05717, table 1, and the table in DESIGN.md. Differs from the former: pools do not pad
    the width, LSTMs have 128 units a side, convolutions start from He's normal distribution (Shi: not said), batch norm follows the ReLU.
    """
    x = image
    for n, (filters, norm, pool) in enumerate(STAGES, start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=f"conv{n}")(x)
        x = layers.BatchNormalization(name=f"norm{n}")(x) if norm else x
        x = layers.MaxPooling2D(pool, name=f"pool{n}")(x) if pool else x
    x = layers.Conv2D(STAGES[-1][0], 2, activation="relu", kernel_initializer="he_normal", name="conv7")(x)  # (b, 1, w / 4 - 1, 512)
    x = layers.Reshape(x.shape[2:], name="squeeze")(x)  # (b, w / 4 - 1, 512)
    for n in (1, 2):  # Bidirectional turns the backward half round again; go_backwards alone does not
        x = layers.Bidirectional(layers.LSTM(LSTM_UNITS, return_sequences=True), name=f"lstm{n}")(x)
    return x


def _rectified(image: keras.KerasTensor, options: ReaderOptions) -> keras.KerasTensor:
    if options.rectify == "none":
        return image
    from recognizer.rectify import Rectifier

    return Rectifier(name="rectifier")(image)


def _head(sequence: keras.KerasTensor, options: ReaderOptions) -> keras.KerasTensor:
    if options.head == "ctc":
        return layers.Dense(options.classes, dtype="float32", name="logits")(sequence)
    from recognizer.attention import AttentionDecoder

    return AttentionDecoder(options.classes, name="logits")(sequence)
