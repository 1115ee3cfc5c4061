import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize(
    'options',
    [
        dict(prob=0.5),
        dict(prob=0.3, direction='vertical'),
        dict(prob=1.0, direction='diagonal'),
        dict(prob=0.0),
        dict(prob=[0.2, 0.4], direction=['horizontal', 'vertical']),
    ],
)
def test_the_same_random_numbers_give_mmcvs_pictures(options, channels):
    plain = TRANSFORMS.build(dict(type='RandomFlip', **options))
    ours = TRANSFORMS.build(dict(type='ContiguousFlip', **options))
    img = np.random.default_rng(0).integers(0, 256, (7, 5, channels), np.uint8)
    given, flips = img.copy(), 0
    for seed in range(40):
        results, following = [], []
        for flip in (plain, ours):
            np.random.seed(seed)
            results.append(flip(dict(img=img, gt_bboxes=np.array([[0.0, 1, 2, 3]]))))
            following.append(np.random.rand())
        expected, found = results
        assert expected.keys() == found.keys()
        for key in ('img', 'gt_bboxes'):
            np.testing.assert_array_equal(found.pop(key), expected.pop(key))
        assert found == expected
        assert following[0] == following[1]
        flips += found['flip']
    np.testing.assert_array_equal(img, given)
    chance = np.sum(options['prob'])
    assert abs(flips / 40 - chance) <= 0.25 * (0 < chance < 1)


def test_what_it_gives_lies_in_order():
    flip = TRANSFORMS.build(dict(type='ContiguousFlip', prob=1.0))
    assert flip(dict(img=np.zeros((4, 6, 3), np.uint8)))['img'].flags.c_contiguous
