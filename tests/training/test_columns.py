"""Columns of text stand under each other."""

from training.columns import columns


def test_names_stand_to_the_left_and_figures_to_the_right() -> None:
    assert columns([("layer", "px"), ("a", "12,345"), ("conv1", "7")], names=1) == ["layer      px", "a      12,345", "conv1       7"]
