"""The attention head: writes a text character by character, each time looking where it has to."""

import keras
from keras import layers, ops

UNITS = 256  # of the recurrent cell, as Shi et al. 2016 have it
ENERGY_UNITS = 128  # of the layer that weighs the steps, every one of them at every position: the head's largest array


@keras.saving.register_keras_serializable(package="recognizer")
class AttentionDecoder(layers.Layer):
    """Return logits float32 `(b, t + 1, classes)` of a text written from a sequence `(b, t, d)`; class 0 is the end of the text.

    With `previous`, int `(b, t + 1)`, each position is told the class before it (0 before the first), as in training; without, it takes
    the likeliest class of its own logits there. What comes after the first end is to be ignored.

    In what follows h is the sequence, u = 256, a = 128, c = classes, products are of rows with matrices, and weights have the names and
    shapes that Keras saves them under::

        keys/kernel (d, a)       keys/bias (a)      query/kernel (u, a)              score/kernel (a, 1)
        cell/kernel (d + c, 3u)  cell/bias (2, 3u)  cell/recurrent_kernel (u, 3u)    classes/kernel (u, c)  classes/bias (c)

        k_i = h_i keys/kernel + keys/bias                                    for each step i of the sequence, once
        s_0 = 0, y_0 = 0, and then for position j = 1 to t + 1:
        e_i = tanh(s_{j-1} query/kernel + k_i) score/kernel                  energy
        g   = sum_i softmax(e)_i h_i                                         glimpse
        p   = [g, onehot(y_{j-1})] cell/kernel + cell/bias[0]                each 3u wide: z, r, n in this order
        q   = s_{j-1} cell/recurrent_kernel + cell/bias[1]
        z   = sigmoid(p_z + q_z)    r = sigmoid(p_r + q_r)    n = tanh(p_n + r q_n)
        s_j = z s_{j-1} + (1 - z) n                                          a GRU as cuDNN has it; ONNX: linear_before_reset = 1
        logits_j = s_j classes/kernel + classes/bias                         float32
        y_j = previous_{j+1}, or argmax(logits_j), the first of equals

    Source: energies, Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2; glimpse and cell, Shi et al. 2016, arXiv:1603.03915,
    section 3.2.2, and Cheng et al. 2017, arXiv:1709.02054, section 3.1.
    Differs: Shi's energies also see the weights of the position before; ours do not, as Bahdanau's and Cheng's do not.
    """

    def __init__(
        self, classes: int, *, name: str | None = None, trainable: bool = True, dtype: str | keras.DTypePolicy | None = None
    ) -> None:
        super().__init__(name=name, trainable=trainable, dtype=dtype)
        self.count = classes
        self.keys = layers.Dense(ENERGY_UNITS, dtype=self.dtype_policy, name="keys")
        self.query = layers.Dense(ENERGY_UNITS, use_bias=False, dtype=self.dtype_policy, name="query")
        self.score = layers.Dense(1, use_bias=False, dtype=self.dtype_policy, name="score")
        self.cell = layers.GRUCell(UNITS, dtype=self.dtype_policy, name="cell")
        self.classes = layers.Dense(classes, dtype="float32", name="classes")
        # TensorFlow's XLA cannot turn round a loop made by keras.ops.scan; unrolled, 32 positions take it half a minute to compile
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def get_config(self) -> dict[str, object]:
        """Return what `__init__` takes."""
        return {**super().get_config(), "classes": self.count}

    def build(self, sequence_shape: tuple[int, ...], previous_shape: tuple[int, ...] | None = None) -> None:  # noqa: ARG002
        """Make the weights; Keras wants every argument of `call` here."""
        self.keys.build(sequence_shape)
        self.query.build((None, UNITS))
        self.score.build((None, None, ENERGY_UNITS))
        self.cell.build((None, sequence_shape[-1] + self.count))
        self.classes.build((None, UNITS))

    def compute_output_spec(self, sequence: keras.KerasTensor, previous: keras.KerasTensor | None = None) -> keras.KerasTensor:  # noqa: ARG002
        """Return the shape and dtype of what `call` returns, without a run through the loop."""
        return keras.KerasTensor((sequence.shape[0], sequence.shape[1] + 1, self.count), dtype="float32")

    def call(self, sequence: keras.KerasTensor, previous: keras.KerasTensor | None = None) -> keras.KerasTensor:
        """Return the logits of all positions."""
        keys = self.keys(sequence)

        def write(carry: Carry, given: keras.KerasTensor | None) -> tuple[Carry, Carry]:
            state, logits = carry
            before = ops.argmax(logits, axis=-1) if given is None else given
            written = self._position(self._glimpse(state, keys, sequence), before, state)
            return written, written  # handed on, and kept

        batch = ops.shape(sequence)[0]
        start = ops.zeros((batch, UNITS), self.compute_dtype), ops.zeros((batch, self.count), "float32")  # their argmax is 0
        given = None if previous is None else ops.transpose(previous)
        _, (_, logits) = ops.scan(write, start, given, length=sequence.shape[1] + 1)
        return ops.transpose(logits, (1, 0, 2))

    def _glimpse(self, state: keras.KerasTensor, keys: keras.KerasTensor, sequence: keras.KerasTensor) -> keras.KerasTensor:
        energies = self.score(ops.tanh(self.query(state)[:, None] + keys))[..., 0]  # (b, t)
        shares = ops.cast(ops.softmax(ops.cast(energies, "float32")), sequence.dtype)
        return ops.matmul(shares[:, None], sequence)[:, 0]  # (b, d)

    def _position(self, glimpse: keras.KerasTensor, before: keras.KerasTensor, state: keras.KerasTensor) -> "Carry":
        seen = ops.concatenate([glimpse, ops.one_hot(before, self.count, dtype=glimpse.dtype)], axis=-1)
        state, _ = self.cell(seen, [state])
        return state, self.classes(state)


Carry = tuple[keras.KerasTensor, keras.KerasTensor]  # state (b, u) and logits (b, classes)
