import math

import pytest

from mvlr_mm.models.layers.sine_positions import sine_positions


def test_is_detrs_encoding_place_by_place():
    height, width, dim = 2, 3, 8
    found = sine_positions((height, width), dim)
    assert found.shape == (height * width, dim)
    for row in range(height):
        for column in range(width):
            expected = []
            for place, count in ((row, height), (column, width)):
                angle = (place + 1) / count * 2 * math.pi
                for i in range(dim // 2):
                    wave = angle / 10000 ** (2 * (i // 2) / (dim // 2))
                    expected.append(math.cos(wave) if i % 2 else math.sin(wave))
            assert found[row * width + column].tolist() == pytest.approx(
                expected, abs=1e-6
            )


def test_the_width_is_that_of_four_waves():
    with pytest.raises(ValueError, match=r'embed_dim \(6\) must be divisible by 4'):
        sine_positions((2, 2), 6)
