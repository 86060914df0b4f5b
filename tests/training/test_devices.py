import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from synthgen.errors import SynthgenError
from training import devices
from training.devices import Computing, computing_on

ROOT = Path(__file__).parents[2]
TRAIN = """
import json, os, sys
from pathlib import Path
if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras, numpy as np
from tests.training.test_loop import course, line_batch, nothing
from training.devices import Computing, computing_on
from training.feeding import Feeding
from training.loop import train
from training.optimizers import Tuning, build_optimizer
keras.utils.set_random_seed(1)
with computing_on(Computing("float32", False, int(sys.argv[1]))):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    model.compile(build_optimizer(Tuning(30, rate=0.05, warm_up_steps=5)), "mse", jit_compile=False)
    train(model, line_batch, course(Path(sys.argv[2])), Feeding(), nothing)
print(json.dumps([keras.ops.convert_to_numpy(value).tolist() for value in model.weights]))
"""


def trained_on(count: int, backend: str, out: Path) -> list[object]:
    """Return the weights after a run on `count` virtual processors."""
    surroundings = {
        "KERAS_BACKEND": backend,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "PYTHONPATH": str(ROOT),
        "PATH": "",
        "HOME": str(out),
    }
    done = subprocess.run([sys.executable, "-c", TRAIN, str(count), str(out)], env=surroundings, check=True, capture_output=True, text=True)
    found: list[object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_learn_what_one_learns(backend: str, tmp_path: Path) -> None:
    one, two = (trained_on(count, backend, tmp_path / str(count)) for count in (1, 2))
    for ours, theirs in zip(two, one, strict=True):
        assert np.allclose(np.array(ours), np.array(theirs), atol=1e-4)


def test_more_devices_than_there_are_are_refused() -> None:
    with (
        pytest.raises(SynthgenError, match=r"--devices: need 99, found \d+; give \d+ or fewer"),
        computing_on(Computing("float32", False, 99)),
    ):
        pass


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(SynthgenError, match="--precision: need bf16 or float32, got 'int8'"):
        Computing("int8").resolved()


@pytest.mark.parametrize(("multiplies", "expected"), [(True, "bf16"), (False, "float32")])
def test_precision_follows_the_processor_unless_said(monkeypatch: pytest.MonkeyPatch, multiplies: bool, expected: str) -> None:
    monkeypatch.setattr(devices, "accelerators", list)
    monkeypatch.setattr(devices, "cpu_multiplies_bf16", lambda: multiplies)
    assert Computing().resolved().precision == expected
    assert Computing("float32").resolved().precision == "float32"


def test_models_are_built_in_the_precision_asked_for_and_later_ones_are_not() -> None:
    with computing_on(Computing("bf16", False)):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"
