import numpy as np
import pytest
import torch
from mmpretrain.registry import TRANSFORMS

RNG = np.random.default_rng(0)
PICTURES = {
    'colour': RNG.integers(0, 256, (7, 5, 3), np.uint8),
    'one channel': RNG.integers(0, 256, (7, 5, 1), np.uint8),
    'no channel axis': RNG.integers(0, 256, (7, 5), np.uint8),
    'six channels': RNG.integers(0, 256, (7, 5, 6), np.uint8),
    'flipped view': RNG.integers(0, 256, (7, 5, 3), np.uint8)[:, ::-1],
    'real numbers': RNG.random((7, 5, 3), np.float32),
    'a clip': RNG.integers(0, 256, (2, 3, 7, 5), np.uint8),
    'empty': np.zeros((0, 5, 3), np.uint8),
}


@pytest.mark.parametrize('kind', PICTURES)
def test_it_packs_what_mmpretrain_packs(kind):
    record = dict(gt_label=[0, 2], img_path='a.jpg', ori_shape=(9, 9), flip=True)
    img, packed = PICTURES[kind], []
    for name in ('PackInputs', 'PackPlanes'):
        pack = TRANSFORMS.build(dict(type=name, meta_keys=('img_path', 'flip')))
        packed.append(pack(dict(record, img=img.copy() if img.size else img)))
        packed.append(pack(dict(record, img=img)))
    for found in packed[2:]:
        expected = packed[0]
        assert found['inputs'].dtype == expected['inputs'].dtype
        assert torch.equal(found['inputs'], expected['inputs'])
        assert found['inputs'].is_contiguous()
        sample, wanted = (pack['data_samples'] for pack in (found, expected))
        assert sample.metainfo == wanted.metainfo == dict(img_path='a.jpg', flip=True)
        assert torch.equal(sample.gt_label, wanted.gt_label)


def test_the_picture_is_copied():
    img = np.zeros((4, 6, 3), np.uint8)
    inputs = TRANSFORMS.build(dict(type='PackPlanes'))(dict(img=img))['inputs']
    img += 1
    assert not inputs.any()
