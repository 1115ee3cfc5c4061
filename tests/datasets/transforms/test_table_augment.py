import random

import cv2
import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS

MAGNITUDES = {
    'AutoContrast': dict(),
    'Brightness': dict(magnitude=0.6),
    'Equalize': dict(),
    'Posterize': dict(bits=2),
    'Solarize': dict(thr=100.5),
    'SolarizeAdd': dict(magnitude=70),
    'Contrast': dict(magnitude=0.7),
}


def pictures():
    """Return pictures with full, narrow, single and few values."""
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (37, 53, 3), dtype=np.uint8)
    smooth = cv2.resize(noise[:5, :7], (64, 48))
    return {
        'noise': noise,
        'narrow': 90 + noise // 8,
        'smooth': smooth,
        'one value': np.full((9, 9, 3), 77, np.uint8),
        'two values': (noise > 250).astype(np.uint8) * 200,
        'one channel in use': noise * np.array([0, 1, 0], np.uint8),
    }


@pytest.mark.parametrize('name', MAGNITUDES)
@pytest.mark.parametrize('seed', [0, 1])
def test_a_table_gives_mmpretrains_pictures(name, seed):
    options = dict(prob=1.0, **MAGNITUDES[name])
    plain = TRANSFORMS.build(dict(type=name, **options))
    table = TRANSFORMS.build(dict(type=f'Table{name}', **options))
    changed = 0
    for kind, img in pictures().items():
        given = img.copy()
        np.random.seed(seed)
        expected = plain(dict(img=img.copy()))['img']
        np.random.seed(seed)
        found = table(dict(img=img))['img']
        np.testing.assert_array_equal(found, expected, err_msg=kind)
        np.testing.assert_array_equal(img, given)
        assert found.dtype == np.uint8
        changed += (found != given).any()
    assert changed >= 3


def test_the_same_random_numbers_give_the_same_augmented_pictures():
    options = dict(
        policies='timm_increasing', num_policies=2, magnitude_level=9, magnitude_std=0.5
    )
    plain = TRANSFORMS.build(dict(type='RandAugment', **options))
    table = TRANSFORMS.build(dict(type='TableRandAugment', **options))
    replaced = {type(t).__name__ for t in table} - {type(t).__name__ for t in plain}
    others = {'ByteColorTransform', 'ByteSharpness', 'RowShear'}
    assert replaced == others | {f'Table{name}' for name in MAGNITUDES}
    img, seen, apart = pictures()['smooth'], set(), []
    for seed in range(150):
        results = []
        for augment in (plain, table):
            np.random.seed(seed)
            random.seed(seed)
            results.append(augment(dict(img=img.copy()))['img'])
        apart.append(np.abs(np.subtract(*results, dtype=int)).mean())
        seen.add(results[0].tobytes())
    assert max(apart) < 0.2  # single grey levels of a shear
    assert np.count_nonzero(apart) < 30
    assert len(seen) > 75


def test_policies_of_ones_own_stay_as_they_are():
    policies = [dict(type='Equalize'), dict(type='Invert')]
    augment = TRANSFORMS.build(
        dict(
            type='TableRandAugment',
            policies=policies,
            num_policies=1,
            magnitude_level=9,
        )
    )
    assert [type(t).__name__ for t in augment] == ['Equalize', 'Invert']
    with pytest.raises(AssertionError, match='timm_increasing'):
        TRANSFORMS.build(
            dict(
                type='TableRandAugment',
                policies='timm',
                num_policies=1,
                magnitude_level=9,
            )
        )
