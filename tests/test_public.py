"""What other programs may use of synthgen."""

import subprocess
import sys

import pytest

import synthgen


@pytest.mark.parametrize("name", synthgen.__all__)
def test_every_public_name_is_found_where_it_is_said_to_live(name: str) -> None:
    assert getattr(synthgen, name).__name__ == name
    assert synthgen.HOMES[name] == getattr(synthgen, name).__module__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'strem'"):
        _ = synthgen.strem


def test_importing_synthgen_loads_nothing_heavy() -> None:
    heavy = "{'numba', 'cv2', 'pyarrow', 'pydantic', 'PIL', 'tensorflow'}"
    code = f"import sys, synthgen; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.strip() == "[]"
