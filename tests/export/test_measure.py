from pathlib import Path

import pytest
import torch

from mvlr_mm.config import read_config
from mvlr_mm.export.measure import each_batch


def preprocess(batch, training):
    sizes = {tuple(x.shape) for x in batch['inputs']}
    assert sizes == {(3, 64, 64)}
    return batch | {'inputs': torch.stack(batch['inputs'])}


@pytest.mark.parametrize(
    ('most', 'taken'), [(None, range(7)), (4, [0, 2, 4, 6]), (3, [0, 3, 6])]
)
def test_pictures_are_taken_evenly_from_the_whole_set(trained, most, taken):
    cfg = read_config(trained.config)
    names = ('cat', 'dog', 'boat')
    batches = each_batch(cfg, 'test_dataloader', preprocess, names, most)
    samples = [sample for _, some in batches for sample in some]
    assert [int(Path(x.img_path).stem) for x in samples] == list(taken)


def test_a_set_of_other_labels_is_refused(trained):
    cfg = read_config(trained.config)
    batches = each_batch(cfg, 'test_dataloader', preprocess, ('dog', 'cat', 'boat'))
    with pytest.raises(
        ValueError, match=r"has 3 labels \('cat', \.\.\.\), the model 3"
    ):
        next(batches)
