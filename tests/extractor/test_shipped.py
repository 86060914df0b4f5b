"""The weights that come along, on rendered scenes whose words are known."""

import numpy as np
import pytest

from detector.metrics import areas_of, shared_areas
from extractor import Options, open_extractor
from synthgen import Recipe, SceneRenderer

LARGE_PX = 24.0
SCENES = 6


@pytest.mark.slow
def test_most_large_words_of_rendered_scenes_are_found_and_most_of_these_read() -> None:
    extractor, renderer = open_extractor(options=Options(enlarged=1.0)), SceneRenderer(Recipe(), seed=2**40)
    asked = found = right = 0
    for index in range(SCENES):
        scene = renderer.scene(index)
        page, truth = extractor.extract(scene.picture), scene.truth
        ours = np.array([word.quad for word in page.words], dtype=np.float32).reshape(-1, 4, 2)
        for quad, text, ignored in zip(truth.word_quads, truth.word_text, truth.word_ignore, strict=True):
            if ignored or np.linalg.norm(quad[3] - quad[0]) < LARGE_PX:
                continue
            shared = shared_areas(quad[None], ours)[0]
            union = areas_of(quad[None])[0] + areas_of(ours) - shared
            same = np.flatnonzero(shared > union / 2)
            asked, found = asked + 1, found + bool(len(same))
            right += any(page.words[k].text.lower() == text.lower() for k in same)
    assert asked >= 20 and found >= 0.5 * asked and right >= 0.5 * found, (asked, found, right)
