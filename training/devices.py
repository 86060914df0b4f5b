"""What a training run computes on, and in which precision; both backends by the same calls."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras

from synthgen.errors import SynthgenError

CPU_BF16 = ("amx_bf16", "avx512_bf16")  # instructions that make bfloat16 products quicker than float32 ones
POLICIES = {"bf16": "mixed_bfloat16", "float32": "float32"}


@dataclass(frozen=True)
class Computing:
    """How a model is computed; None: chosen by what is found."""

    precision: str | None = None  # bf16 or float32
    jit: bool | None = None
    devices: int = 1

    def resolved(self) -> "Computing":
        """Return the same with nothing left open: bfloat16 where the hardware multiplies it, XLA on accelerators only.

        benchmarks/RESULTS.md has the measured figures: on processors XLA compiles this net's convolutions to slower code than oneDNN.
        """
        if self.precision not in (None, *POLICIES):
            raise SynthgenError(f"--precision: need bf16 or float32, got {self.precision!r}; leave it out to have it chosen")
        precision = self.precision or ("bf16" if accelerators() or cpu_multiplies_bf16() else "float32")
        jit = keras.backend.backend() == "jax" if self.jit is None else self.jit
        return Computing(precision, jit, self.devices)


def accelerators() -> list[str]:
    """Return the names of the GPUs and TPUs that the backend sees."""
    return [name for kind in ("gpu", "tpu") for name in _listed(kind)]


def _listed(kind: str) -> list[str]:
    try:
        return list(keras.distribution.list_devices(kind))
    except RuntimeError:  # JAX raises for a kind that it has no backend for
        return []


def cpu_multiplies_bf16() -> bool:
    """Return whether the processor has bfloat16 products; False where the system does not say."""
    listed = Path("/proc/cpuinfo")
    return listed.is_file() and any(name in listed.read_text(encoding="utf-8") for name in CPU_BF16)


@contextmanager
def computing_on(computing: Computing) -> Iterator[None]:
    """Build and compile models in this context: in the precision asked for, one copy a device, batches split between them.

    Raises:
        SynthgenError: there are not that many devices.
    """
    names = (accelerators() or _listed("cpu"))[: computing.devices]
    if len(names) < computing.devices:
        raise SynthgenError(f"--devices: need {computing.devices}, found {len(names)}; give {max(len(names), 1)} or fewer")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[computing.precision or "float32"])
    try:
        with _distributed(names):
            yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def _distributed(names: list[str]) -> Iterator[None]:
    if len(names) == 1:
        yield
    elif keras.backend.backend() == "jax":
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=names))
        try:
            yield
        finally:
            keras.distribution.set_distribution(None)
    else:
        import tensorflow as tf

        with tf.distribute.MirroredStrategy(names).scope():
            yield
