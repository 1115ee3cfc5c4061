import pickle

import pytest
import torch

from mvlr_mm.evaluation.samples import scores_and_target


def test_scores_and_target_of_a_sample():
    scores = torch.tensor([0.1, 0.2, 0.3], requires_grad=True)
    found, target = scores_and_target({'pred_score': scores, 'gt_label': [2, 2, 0]})
    assert not found.requires_grad
    assert target.tolist() == [1, 0, 1]
    states = torch.tensor([1.0, -1, 0])
    sample = {'pred_score': scores, 'gt_label': [1], 'gt_score': states}
    assert torch.equal(scores_and_target(sample)[1], states)
    assert scores_and_target({'pred_score': scores, 'gt_label': []})[1].sum() == 0
    for wrong in (3, -1):
        sample = {'pred_score': scores, 'gt_label': [wrong], 'img_path': 'a.jpg'}
        text = rf'gt_label \[{wrong}\] of a\.jpg does not lie in 0 to 2'
        with pytest.raises(ValueError, match=text):
            scores_and_target(sample)


def test_a_score_that_is_nan_stops_the_run_at_its_picture():
    sample = dict(pred_score=torch.tensor([0.5, float('nan')]), gt_label=[0])
    with pytest.raises(ValueError, match='scores of an image contain NaN, first for l'):
        scores_and_target(sample)
    with pytest.raises(
        ValueError, match=r'of a/b\.jpg contain NaN, first for label 1:'
    ):
        scores_and_target(sample | dict(img_path='a/b.jpg'))


def test_an_image_takes_its_own_scores_alone_to_another_process():
    batch = torch.rand(64, 10)
    sample = dict(pred_score=batch[3], gt_label=torch.tensor([1]))
    scores, _ = scores_and_target(sample)
    assert torch.equal(scores, batch[3])
    assert len(pickle.dumps(scores)) < len(pickle.dumps(batch)) / 4
