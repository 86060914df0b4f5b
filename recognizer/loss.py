"""The loss of the CTC head."""

import keras
import numpy as np
from keras import ops

from synthgen.arrays import F32, F64

LEAST_PROBABILITY = 1e-30  # a logit of -inf would make the loss NaN
NEVER = -1e30  # log of 0: far below any path's, and a sum of three is still a float32, where -inf would make NaN


def ctc_loss(labels: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Return -ln p(label) of each sample, float32 `(b,)`; labels int `(b, length)` padded with 0, logits `(b, t, classes)`.

    Class 0 is blank and padding both; zeros alone are an empty text. A label that needs more than t steps (one for each character and
    one between equal neighbours) has no path: its loss is infinite and its gradient 0; such are refused when data are read.
    The gradient is right once, not twice: the shares that paths have in it are constants to the framework.

    Source: Graves et al. 2006, "Connectionist temporal classification", sections 4.1 and 4.2.
    Differs: the same numbers as keras.losses.ctc, which is not used: on TensorFlow that takes ln 0 as -707, so that a label whose
    paths are all less likely than exp(-707) gets the loss of an impossible one, and it compares every state with every other, where
    three can follow; on JAX a label that does not fit gets 100,000. Here both run the same lines, all in logarithms.
    """
    states = _states(ops.cast(labels, "int32"))
    emitted = _emitted(ops.log_softmax(ops.cast(logits, "float32")), states)
    known = ops.stop_gradient(emitted)
    last = _last(states)
    forward, backward = _both_ways(known, states, last)
    total = ops.logsumexp(forward[-1] + _log(last), axis=-1)
    shares = ops.softmax(forward + backward - known)  # of the paths that pass a state, at each step; `known` is in both
    slope = ops.sum(ops.stop_gradient(shares) * emitted, (0, 2))  # d ln p / d emitted = shares
    return ops.where(total < NEVER / 2, np.inf, ops.stop_gradient(slope - total) - slope)


def logits_of(probabilities: F64) -> F32:
    """Return logits whose softmax is `probabilities`, floored at 1e-30 so that an impossible label has a large loss, not NaN."""
    return np.log(np.maximum(probabilities, LEAST_PROBABILITY)).astype(np.float32)


def _states(labels: keras.KerasTensor) -> keras.KerasTensor:
    """Return the classes that a path passes, in order, `(b, 2 length + 1)`: a blank before, between and after the characters."""
    pairs = ops.stack([ops.zeros_like(labels), labels], axis=2)
    return ops.pad(ops.reshape(pairs, (-1, 2 * labels.shape[1])), ((0, 0), (0, 1)))


def _emitted(scores: keras.KerasTensor, states: keras.KerasTensor) -> keras.KerasTensor:
    """Return the log-probability of each state's class at each step, `(t, b, s)`, from scores `(b, t, classes)`.

    Gathered, not multiplied with one-hot rows: GPUs round the factors of float32 products to 10 bits unless told not to.
    """
    wanted = ops.broadcast_to(states[:, None], (ops.shape(scores)[0], scores.shape[1], states.shape[1]))
    return ops.transpose(ops.take_along_axis(scores, wanted, axis=2), (1, 0, 2))


def _last(states: keras.KerasTensor) -> keras.KerasTensor:
    """Return where a path may end, bool `(b, s)`: on the last character and on the blank after it."""
    blank_after = 2 * ops.sum(ops.cast(states != 0, "int32"), axis=1, keepdims=True)
    ahead = blank_after - ops.arange(states.shape[1])[None]
    return ops.logical_and(ahead >= 0, ahead <= 1)


def _both_ways(
    emitted: keras.KerasTensor, states: keras.KerasTensor, last: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return log-probabilities of all beginnings up to, and all ends from, a state at a step: `(t, b, s)` each, the state's own in both.

    An end is the beginning of the label turned round, so both are one run of twice the batch.
    """
    first = ops.broadcast_to(ops.arange(states.shape[1])[None] < 2, ops.shape(last))
    runs = _beginnings(
        ops.concatenate([emitted, ops.flip(emitted, (0, 2))], axis=1),
        ops.concatenate([states, ops.flip(states, 1)], axis=0),
        ops.concatenate([first, ops.flip(last, 1)], axis=0),
    )
    forward, backward = ops.split(runs, 2, axis=1)
    return forward, ops.flip(backward, (0, 2))


def _beginnings(emitted: keras.KerasTensor, states: keras.KerasTensor, first: keras.KerasTensor) -> keras.KerasTensor:
    """Return the log-probability of all paths from `first` to a state at a step, `(t, b, s)`. Source: Graves, section 4.1."""
    skips = _log(ops.pad(states[:, 2:] != states[:, :-2], ((0, 0), (2, 0))))  # no character is skipped, nor a blank between equals

    def step(before: keras.KerasTensor, emitted: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        lower = ops.pad(before, ((0, 0), (2, 0)), constant_values=NEVER)
        reached = emitted + _log_sum(before, lower[:, 1:-1], lower[:, :-2] + skips)
        return reached, reached  # kept, and handed to the next step

    start = _log(first) + emitted[0]
    _, later = ops.scan(step, start, emitted[1:])  # unrolled, it runs no faster and XLA compiles it for half a minute
    return ops.concatenate([start[None], later], axis=0)


def _log(possible: keras.KerasTensor) -> keras.KerasTensor:
    return ops.where(possible, np.float32(0), np.float32(NEVER))


def _log_sum(a: keras.KerasTensor, b: keras.KerasTensor, c: keras.KerasTensor) -> keras.KerasTensor:
    most = ops.maximum(ops.maximum(a, b), c)
    return most + ops.log(ops.exp(a - most) + ops.exp(b - most) + ops.exp(c - most))
