import json

import numpy as np
import pytest
from PIL import Image

from mvlr_mm.datasets import MultiLabelList
from mvlr_mm.datasets.hidden_labels import HiddenLabels

STATES = np.random.default_rng(3).integers(0, 2, (400, 12)).astype(np.int8)


def test_each_label_of_each_picture_is_known_by_itself():
    found = HiddenLabels(0.3, seed=1)(STATES)
    known = found >= 0
    np.testing.assert_array_equal(found[known], STATES[known])
    assert abs(known.mean() - 0.3) < 0.02
    # whether it is there plays no part, nor do the picture and the label
    for some in (known[STATES == 1], known[STATES == 0]):
        assert abs(some.mean() - 0.3) < 0.03
    assert known.sum(axis=1).std() == pytest.approx((12 * 0.3 * 0.7) ** 0.5, rel=0.15)


def test_a_larger_share_adds_to_a_smaller_one():
    few, many = (HiddenLabels(share)(STATES) >= 0 for share in (0.2, 0.7))
    assert (many | ~few).all()
    other = HiddenLabels(0.2, seed=1)(STATES) >= 0
    assert (other != few).any()
    np.testing.assert_array_equal(HiddenLabels(1)(STATES), STATES)


def test_a_single_positive():
    states = STATES.copy()
    states[0] = 0
    found = HiddenLabels('single positive')(states)
    assert (found[0] == -1).all()
    assert ((found == 1).sum(axis=1)[1:] == 1).all()
    assert set(np.unique(found)) == {-1, 1}
    assert (states[found == 1] == 1).all()
    # drawn evenly among those that are there
    chosen = HiddenLabels('single positive')(np.ones((6000, 4), np.int8))
    np.testing.assert_allclose((chosen == 1).mean(axis=0), 0.25, atol=0.03)


def test_what_is_hidden_may_count_as_absent():
    found = HiddenLabels('single positive', rest='absent')(STATES)
    np.testing.assert_array_equal(found.sum(axis=1), STATES.any(axis=1))
    found = HiddenLabels(0.5, rest='absent')(STATES)
    np.testing.assert_array_equal(found, STATES * (HiddenLabels(0.5)(STATES) == 1))


def test_what_was_unknown_stays_unknown():
    states = STATES.copy()
    states[:, 0] = -1
    for hide in (HiddenLabels(0.5), HiddenLabels('single positive', rest='absent')):
        assert (hide(states)[:, 0] == -1).all()


@pytest.mark.parametrize('known', [0, 1.5, 'two', True, None])
def test_what_can_be_known(known):
    with pytest.raises(ValueError, match='must be a share above 0 and up to 1'):
        HiddenLabels(known)


@pytest.mark.parametrize('seed', [None, -1, 1.5, True, '0'])
def test_each_process_and_start_draws_the_same(seed):
    with pytest.raises(ValueError, match=r'seed \(.*\) must be a whole number, at'):
        HiddenLabels(0.5, seed=seed)


def test_a_data_set_hides_what_it_is_told(tmp_path):
    Image.new('RGB', (4, 4)).save(tmp_path / 'a.png')
    Image.new('RGB', (4, 4)).save(tmp_path / 'b.png')
    lines = [dict(image='a.png', labels=[0, 2]), dict(image='b.png', labels=[])]
    (tmp_path / 'list.jsonl').write_text('\n'.join(map(json.dumps, lines)))
    args = dict(ann_file='list.jsonl', classes=['x', 'y', 'z'], data_root=str(tmp_path))
    hide = dict(known='single positive', seed=5, rest='absent')
    plain, hidden = MultiLabelList(**args), MultiLabelList(**args, hide=hide)
    assert 'gt_score' not in plain.get_data_info(0)
    info = hidden.get_data_info(0)
    assert info['gt_label'] in ([0], [2])
    assert np.flatnonzero(info['gt_score']).tolist() == info['gt_label']
    assert hidden.get_data_info(1)['gt_score'].tolist() == [0, 0, 0]
    with pytest.raises(TypeError, match='keep'):
        MultiLabelList(**args, hide=dict(keep=1))


@pytest.mark.parametrize('known', [0.3, 'single positive'])
def test_what_is_drawn_does_not_depend_on_how_many_at_once(monkeypatch, known):
    whole = HiddenLabels(known, seed=4)(STATES)
    drawn = np.random.default_rng(4).random(STATES.shape)
    if known == 0.3:
        np.testing.assert_array_equal(whole >= 0, drawn < 0.3)
    monkeypatch.setattr('mvlr_mm.datasets.hidden_labels.ROWS', 7)
    before = STATES.copy()
    np.testing.assert_array_equal(HiddenLabels(known, seed=4)(STATES), whole)
    np.testing.assert_array_equal(STATES, before)
