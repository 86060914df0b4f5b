"""What a command line chose: places, their weights, and what is no weight."""

import pytest

from training.chosen import Chosen


@pytest.mark.parametrize(
    ("text", "place", "weight"),
    [
        ("shards", "shards", None),
        ("shards:2", "shards", 2.0),
        ("s3://bucket/run:0.5", "s3://bucket/run", 0.5),
        ("s3://bucket/run?endpoint_override=host:9000&scheme=http", "s3://bucket/run?endpoint_override=host:9000&scheme=http", None),
        ("s3://bucket/run?scheme=http&endpoint_override=host:9000", "s3://bucket/run?scheme=http&endpoint_override=host:9000", None),
        ("s3://bucket/run?scheme=http&endpoint_override=host:9000:3", "s3://bucket/run?scheme=http&endpoint_override=host:9000", 3.0),
    ],
)
def test_a_weight_stands_behind_a_place_and_a_port_is_none(text: str, place: str, weight: float | None) -> None:
    assert Chosen((text,)).places() == {place: weight}
