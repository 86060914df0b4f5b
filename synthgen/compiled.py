"""How kernels are compiled, all alike."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit
from numba.core.dispatcher import Dispatcher

F = TypeVar("F", bound=Callable[..., object])
HOW: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,  # nobody calls a kernel from C, and compiling takes an eighth less time
}


def kernel(function: F) -> "Dispatcher[F]":
    """Return `function` as it is compiled at its first call for each set of types, and kept on disk; divisions by zero raise nothing."""
    compiled: Dispatcher[F] = njit(**HOW)(function)
    return compiled
