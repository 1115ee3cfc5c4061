import json

import numpy as np
import pytest
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmpretrain.registry import DATASETS, MODELS
from torch import nn
from torch.utils.data import Subset

from mvlr_mm.engine.partial_labels import (
    has_unknown,
    refuse_blended,
    refuse_mixed,
    takes_unknown_for_known,
)


@pytest.fixture
def make(tmp_path):
    """Make a list of two pictures, of which the second may have unknown labels."""

    def made(name, unknown=None, **settings):
        more = {} if unknown is None else dict(unknown=unknown)
        records = [dict(image=f'{name}{i}.png', labels=['cat']) for i in range(2)]
        records[1] |= more
        path = tmp_path / f'{name}.jsonl'
        path.write_text('\n'.join(map(json.dumps, records)))
        kind = dict(type='MultiLabelList', classes=['cat', 'dog'], check_files=False)
        return DATASETS.build(kind | dict(ann_file=str(path)) | settings)

    return made


def test_data_with_states_and_data_without_are_not_mixed(make):
    partial, whole = make('partial', ['dog']), make('whole')
    with pytest.raises(ValueError, match=r'the train data: .* 1 of 2 .* 0 do'):
        refuse_mixed(ConcatDataset([whole, partial]), 'the train data')
    refuse_mixed(ConcatDataset([whole, make('other')]), 'the train data')
    refuse_mixed(partial, 'the train data')
    mended = make('mended', hide=dict(known=1))
    refuse_mixed(ConcatDataset([mended, partial]), 'the train data')
    np.testing.assert_array_equal(mended.get_data_info(0)['gt_score'], [1, 0])


def test_unknown_labels_are_seen(make):
    assert has_unknown(make('partial', ['dog']))
    assert has_unknown(ConcatDataset([make('a', []), make('b', ['dog'])]))
    assert not has_unknown(make('known', []))
    assert not has_unknown(make('whole'))
    assert not has_unknown([1, 2])  # somebody's own


@pytest.mark.parametrize('order', [1, -1])
def test_unknown_labels_are_seen_wherever_they_are(make, monkeypatch, order):
    known = make('known', [])  # two pictures, as in the other list
    parts = [known, make('partial', ['dog'])][::order]
    monkeypatch.setattr('mvlr_mm.engine.partial_labels._LOOK_AT', 2)
    assert has_unknown(ConcatDataset(parts))
    inner = dict(type='ConcatDataset', datasets=parts)
    assert has_unknown(RepeatDataset(inner, 3))
    torchs = Subset(Subset(ConcatDataset(parts), range(4)), range(2))
    assert has_unknown(torchs)


def test_mixtures_are_found_inside_of_wrappers(make):
    parts = [make('whole'), make('partial', ['dog'])]
    inner = dict(type='ConcatDataset', datasets=parts)
    with pytest.raises(ValueError, match=r'1 of 2 .* 0 do'):
        refuse_mixed(RepeatDataset(inner, 2), 'the train data')
    with pytest.raises(ValueError, match=r'1 of 3 .* 0, 2 do'):
        refuse_mixed(ConcatDataset([inner, make('other')]), 'the train data')


def test_losses_say_whether_they_leave_them_out():
    model = nn.Module()
    assert takes_unknown_for_known(model) is None
    model.head = MODELS.build(dict(type='SimilarityHead'))
    assert takes_unknown_for_known(model) is None
    model.head.loss_module = MODELS.build(dict(type='AsymmetricLoss'))
    assert takes_unknown_for_known(model) == 'AsymmetricLoss'


def test_unknown_labels_are_not_blended():
    model = nn.Module()
    refuse_blended(model)
    model.data_preprocessor = MODELS.build(dict(type='ClsDataPreprocessor'))
    refuse_blended(model)
    kinds = [dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]
    blends = dict(augments=kinds, probs=[0.5, 0.3])
    model.data_preprocessor = MODELS.build(
        dict(type='ClsDataPreprocessor', batch_augments=blends)
    )
    with pytest.raises(ValueError, match=r'augments \(Mixup, CutMix\) blends'):
        refuse_blended(model)
