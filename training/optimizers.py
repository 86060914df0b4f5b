"""The optimizer that both trainers use."""

from dataclasses import dataclass

import keras

FREE_OF_DECAY = ("bias", "gamma", "beta")  # Source: Loshchilov & Hutter's AdamW as He et al. use it, "Bag of Tricks", 2018, section 4.1


@dataclass(frozen=True)
class Tuning:
    """How weights are changed."""

    steps: int  # of the whole run
    rate: float = 1e-3  # the highest, after the warm-up
    warm_up_steps: int = 300
    least_rate_share: float = 0.01  # of `rate`, at the end
    decay: float = 0.01
    clip_norm: float = 5.0  # of all gradients together
    averaging: float = 0.999  # momentum of the weights' moving average


def build_optimizer(tuning: Tuning) -> keras.optimizers.Optimizer:
    """Return AdamW with clipped gradients and a moving average of the weights.

    Source: Loshchilov & Hutter, "Decoupled weight decay regularization", 2019; Polyak & Juditsky 1992 for the average.
    """
    optimizer = keras.optimizers.AdamW(
        build_schedule(tuning),
        weight_decay=tuning.decay,
        global_clipnorm=tuning.clip_norm,
        use_ema=True,
        ema_momentum=min(tuning.averaging, 1 - 10 / max(tuning.steps, 20)),  # a short run would average over more than itself
    )
    optimizer.exclude_from_weight_decay(var_names=list(FREE_OF_DECAY))
    return optimizer


def build_schedule(tuning: Tuning) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return the rate of each step: a linear warm-up, then a cosine to the end. Source: Loshchilov & Hutter, "SGDR", 2017."""
    warm_up = min(tuning.warm_up_steps, tuning.steps // 2)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warm_up else tuning.rate,
        decay_steps=max(tuning.steps - warm_up, 1),
        alpha=tuning.least_rate_share,
        warmup_target=tuning.rate if warm_up else None,
        warmup_steps=warm_up,
    )
