"""The table of layers: DESIGN.md's figures to the digit, sizes as Keras has them, strides and fields as found by changing pixels."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from recognizer.model import STAGES, build_reader
from recognizer.options import ReaderOptions
from recognizer.table import LayerRow, layer_rows, summary
from training.reach import Reach

DESIGNED = [  # output and parameters of DESIGN.md's table, with the talk's LSTMs
    ((32, 128, 1), 0),
    ((32, 128, 64), 640),
    ((16, 64, 64), 0),
    ((16, 64, 128), 73_856),
    ((8, 32, 128), 0),
    ((8, 32, 256), 295_168),
    ((8, 32, 256), 590_080),
    ((4, 32, 256), 0),
    ((4, 32, 512), 1_180_160),
    ((4, 32, 512), 2_048),
    ((4, 32, 512), 2_359_808),
    ((4, 32, 512), 2_048),
    ((2, 32, 512), 0),
    ((1, 31, 512), 1_049_088),
    ((31, 512), 0),
    ((31, 256), 657_408),
    ((31, 256), 395_264),
    ((31, 93), 23_901),
]


@pytest.fixture(scope="module")
def reader() -> keras.Model:
    return build_reader(ReaderOptions())


@pytest.fixture(scope="module")
def rows(reader: keras.Model) -> list[LayerRow]:
    return layer_rows(reader)


def stack(made: list[layers.Layer], shape: tuple[int, int]) -> keras.Model:
    """Return a model that gives the output of each layer, with weights of 1, so that nothing that is seen cancels out."""
    x = image = keras.Input((*shape, 1))
    outputs = []
    for layer in made:
        x = layer(x)
        outputs.append(x)
    model = keras.Model(image, outputs)
    model.set_weights([np.ones_like(value) if value.ndim > 1 else np.zeros_like(value) for value in model.get_weights()])
    return model


def seen_along(axis: int, model: keras.Model) -> list[tuple[int, int]]:
    """Return stride and extent of what an output of each layer sees along an axis, 0 down, by lighting one line of pixels at a time."""
    shape = model.inputs[0].shape[1:3]
    lit = np.zeros((shape[axis], *shape, 1), dtype=np.float32)
    for k in range(shape[axis]):
        lit[(k, k) if axis == 0 else (k, slice(None), k)] = 1
    return [_extent(np.asarray(keras.ops.convert_to_numpy(output)), axis) for output in keras.tree.flatten(model(lit))]


def _extent(outputs: np.ndarray[tuple[int, ...], np.dtype[np.float32]], axis: int) -> tuple[int, int]:
    reached = outputs.max(axis=(2 - axis, 3)) > 0  # (lit line, output)
    spans = [(int(lines[0]), int(lines[-1])) for lines in map(np.flatnonzero, reached.T)]
    field = max(last - first + 1 for first, last in spans)
    whole = [first if last - first + 1 == field else None for first, last in spans]  # not cut off by the picture's ends
    strides = {b - a for a, b in pairwise(whole) if a is not None and b is not None}
    assert len(strides) == 1
    return strides.pop(), field


def test_every_layer_has_the_output_and_the_parameters_of_the_design(rows: list[LayerRow]) -> None:
    assert [(row.output, row.count_cudnn) for row in rows] == DESIGNED


def test_the_totals_are_keras_own_and_the_talks(reader: keras.Model, rows: list[LayerRow]) -> None:
    assert sum(row.count for row in rows) == reader.count_params() == 6_627_421
    assert sum(row.count_cudnn for row in rows) == 6_629_469
    assert sum(row.count_untrained for row in rows) == 2_048
    assert sum(row.count_cudnn - row.count_untrained for row in rows) == 6_627_421  # the talk's trainable count, not Keras's total


def test_sizes_by_the_formula_are_those_of_the_outputs(rows: list[LayerRow]) -> None:
    maps = [row for row in rows if len(row.output) == 3]
    assert len(maps) == 14
    for row in maps:
        assert row.place is not None and tuple(reach.size for reach in row.place) == row.output[:2]
    for row in rows[14:]:  # the height of 1 was squeezed out
        assert row.place is not None and tuple(reach.size for reach in row.place) == (1, row.output[0])


def test_strides_and_fields_of_the_reader_are_as_found_by_lighting_pixels(rows: list[LayerRow]) -> None:
    made: list[layers.Layer] = []
    for _, _, pool in STAGES:
        made += [layers.Conv2D(1, 3, padding="same"), *([layers.MaxPooling2D(pool)] if pool else [])]
    model = stack([*made, layers.Conv2D(1, 2)], (192, 128))  # higher than the reader's picture, which ends before its fields do
    expected = [row.place for row in rows if row.kind in ("Conv2D", "MaxPooling2D") and row.place]
    for axis in (0, 1):
        assert seen_along(axis, model) == [(place[axis].stride, place[axis].field) for place in expected]
    assert [(reach.stride, reach.field) for reach in expected[-1]] == [(16, 86), (4, 46)]


WINDOWS = st.tuples(st.booleans(), st.integers(1, 3), st.integers(1, 3), st.sampled_from(["valid", "same"]))


@settings(max_examples=12)  # each builds a model
@given(windows=st.lists(WINDOWS, min_size=1, max_size=3))
def test_any_stack_of_windows_has_the_size_stride_and_field_found_by_lighting_pixels(windows: list[tuple[bool, int, int, str]]) -> None:
    made: list[layers.Layer] = [
        layers.Conv2D(1, (kernel, 1), (stride, 1), padding) if is_conv else layers.MaxPooling2D((kernel, 1), (stride, 1), padding)
        for is_conv, kernel, stride, padding in windows
    ]
    model = stack(made, (131, 1))
    single = keras.Model(model.inputs, model.outputs[-1])
    found = [row.place[0] for row in layer_rows(single)[1:] if row.place]
    assert [reach.size for reach in found] == [output.shape[1] for output in model.outputs]
    assert [(reach.stride, reach.field) for reach in found] == seen_along(0, model)


def test_a_bidirectional_layer_sees_the_whole_picture_and_keeps_its_steps(rows: list[LayerRow]) -> None:
    assert [reach.field for row in rows[-3:] if row.place for reach in row.place] == [None] * 6
    assert [row.place[1].stride for row in rows[-4:] if row.place] == [4, 4, 4, 4]


class Shifted(layers.Layer):
    """Stands for a rectifier: a picture in, a picture out, each pixel from anywhere."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x[:, ::-1]


class Ended(layers.Layer):
    """Stands for a decoder with steps of its own."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x[:, 1:]


def test_what_comes_after_a_rectifier_sees_the_whole_picture() -> None:
    image = keras.Input((32, 64, 1))
    model = keras.Model(image, layers.MaxPooling2D(2)(Shifted()(image)))
    assert layer_rows(model)[-1].place == (Reach(16, 2, None), Reach(32, 2, None))


def test_outputs_of_a_decoder_with_steps_of_its_own_have_no_place() -> None:
    image = keras.Input((32, 64, 1))
    behind = layers.Bidirectional(layers.LSTM(1, return_sequences=True))(Ended()(layers.Reshape((16, 128))(image)))
    model = keras.Model(image, layers.Dense(3)(behind))
    assert [row.place for row in layer_rows(model)[-3:]] == [None, None, None]
    assert summary(model).splitlines()[4].split()[-2:] == ["-", "all"]


def test_the_summary_has_a_line_a_layer_in_columns_and_both_totals(reader: keras.Model) -> None:
    heads, *lines, own, talks = summary(reader).splitlines()
    assert len(lines) == len(DESIGNED) and len({len(line) for line in (heads, *lines)}) == 1
    assert lines[13].split() == ["conv7", "Conv2D", "1,", "31,", "512", "1,049,088", "1,049,088", "16", "x", "4", "86", "x", "46"]
    assert lines[15].split() == ["lstm1", "Bidirectional", "31,", "256", "656,384", "657,408", "16", "x", "4", "all"]
    assert own == "Keras: 6,627,421 parameters, 6,625,373 trained, 2,048 not"
    assert talks == "with cuDNN's LSTM: 6,629,469 parameters, 6,627,421 trained, 2,048 not"
