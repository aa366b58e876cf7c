"""Nothing can be recognised under a blur, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest

from human_detector.drawing.blurring import blur_boxes


def test_blurring_leaves_nothing_to_recognise() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (100, 160, 3), np.uint8)
    box = {"x_min": 0.25, "y_min": 0.2, "x_max": 0.5, "y_max": 0.6}
    blurred = blur_boxes(noise, [box])
    inside = np.s_[20:60, 40:80]
    assert blurred[inside].std() < 0.2 * noise[inside].std()
    # With a margin, and nothing beyond it.
    for edge in (np.s_[15:20, 40:80], np.s_[60:65, 40:80], np.s_[20:60, 35:40], np.s_[20:60, 80:85]):
        assert np.abs(blurred[edge].astype(int) - noise[edge]).mean() > 40
    assert (blurred[70:] == noise[70:]).all()
    assert (blurred[:, :30] == noise[:, :30]).all()
    # Two boxes over one another hide as much as one.
    assert (blur_boxes(noise, [box, box]) == blurred).all()


@pytest.mark.parametrize("x", [0.0, 1.0])
def test_a_box_without_area_at_the_edge_is_no_error(x: float) -> None:
    picture = np.zeros((9, 9, 3), np.uint8)
    blur_boxes(picture, [{"x_min": x, "y_min": x, "x_max": x, "y_max": x}])
