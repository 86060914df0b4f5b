"""The table of the detector's layers: strides and receptive fields are as found by lighting lines of pixels."""

import keras
import numpy as np
import pytest
from keras import layers

from detector.model import build_detector
from detector.table import LayerRow, layer_rows, summary
from tests.detector.detector_fixture import TINY, shaken_detector

PERIOD = 16  # px after which the detector's grids lie alike again
SIDE = 576  # px; room for the largest field around the middle


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return shaken_detector(TINY).model


@pytest.fixture(scope="module")
def rows(model: keras.Model) -> list[LayerRow]:
    return layer_rows(model)


def test_every_layer_has_its_row_and_the_parameters_add_up(model: keras.Model, rows: list[LayerRow]) -> None:
    assert [row.name for row in rows] == [layer.name for layer in model.layers]
    assert sum(row.count for row in rows) == model.count_params()
    assert sum(row.count_untrained for row in rows) == sum(int(np.prod(weight.shape)) for weight in model.non_trainable_weights)


def test_strides_are_those_of_the_outputs(model: keras.Model, rows: list[LayerRow]) -> None:
    outputs = keras.Model(model.input, [layer.output for layer in model.layers]).compute_output_shape((1, 512, 512, 3))
    assert [(row.reach.size, row.reach.size, row.channels) for row in rows] == [shape[1:] for shape in outputs]
    assert all(row.reach.stride * row.reach.size == 512 for row in rows)


def test_receptive_fields_are_as_found_by_lighting_lines_of_pixels(rows: list[LayerRow]) -> None:
    model = build_detector(TINY)
    for layer in model.layers:  # weights above 0, so that nothing that is seen cancels out, and sums near 1
        layer.set_weights([np.full_like(x, 1 / x[..., 0].size) if x.ndim > 1 else x for x in layer.get_weights()])
    asked = [row for row in rows if row.kind in ("Conv2D", "MaxPooling2D", "UpSampling2D")]
    lit = np.zeros((PERIOD, SIDE, 32, 3), dtype=np.float32)
    for k in range(PERIOD):
        lit[k, SIDE // 2 + k] = 1
    for row, output in zip(asked, keras.Model(model.input, [model.get_layer(row.name).output for row in asked])(lit), strict=True):
        seen = int((keras.ops.convert_to_numpy(output).max(axis=(2, 3)) > 0).sum())  # pairs of a lit line and an output that sees it
        assert seen * row.reach.stride / PERIOD == row.reach.field, row.name


def test_a_layer_whose_place_is_not_known_is_refused() -> None:
    image = keras.Input((32, 32, 1))
    with pytest.raises(TypeError, match="folded: need a layer whose outputs' places are known, got Reshape"):
        layer_rows(keras.Model(image, layers.Reshape((16, 64, 1), name="folded")(image)))
    with pytest.raises(TypeError, match=r"up: need a layer .* got UpSampling2D"):
        layer_rows(keras.Model(image, layers.UpSampling2D(2, interpolation="nearest", name="up")(image)))


def test_the_summary_has_a_line_a_layer_in_columns_and_the_totals(model: keras.Model) -> None:
    heads, *lines, totals = summary(model).splitlines()
    assert heads.split() == ["layer", "kind", "channels", "stride,", "px", "parameters", "receptive", "field,", "px"]
    assert len(lines) == len(model.layers) and len({len(line) for line in (heads, *lines)}) == 1
    assert lines[4].split() == ["conv1_2", "Conv2D", "8", "1", "584", "5"]
    assert lines[-1].split() == ["maps", "Conv2D", "2", "2", "18", "488"]
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert totals == f"{model.count_params():,} parameters, {trained:,} trained, 1,288 not"
