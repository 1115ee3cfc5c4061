import cv2
import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS

NOISE = np.random.default_rng(0).integers(0, 256, (67, 83, 3), np.uint8)
PICTURES = [NOISE, cv2.resize(NOISE[:6, :7], (64, 48)), NOISE // 8, NOISE[:, ::-1]]


@pytest.mark.parametrize('name', ['ColorTransform', 'Sharpness'])
@pytest.mark.parametrize(
    'options',
    [
        *(dict(magnitude=value, prob=1.0) for value in (0.0, 0.3, 0.81, 1.7)),
        dict(magnitude_range=(0, 0.9), magnitude_level=9, magnitude_std=0.5, prob=0.7),
    ],
)
def test_the_same_random_numbers_give_mmpretrains_pictures(name, options):
    plain = TRANSFORMS.build(dict(type=name, **options))
    ours = TRANSFORMS.build(dict(type=f'Byte{name}', **options))
    changed = 0
    for seed in range(16):
        img = PICTURES[seed % 4]
        given, found = img.copy(), []
        for transform in (plain, ours):
            np.random.seed(seed)
            found.append(transform(dict(img=img))['img'])
        np.testing.assert_array_equal(*found)
        np.testing.assert_array_equal(img, given)
        assert found[1].dtype == np.uint8
        changed += (found[1] != img).any()
    assert changed >= (8 if options.get('magnitude') != 0 else 0)
