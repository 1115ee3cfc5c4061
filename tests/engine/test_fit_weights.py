import copy
from collections import OrderedDict

import pytest
import torch
from mmengine.model import BaseTTAModel
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.engine.fit_weights import (
    check_allow,
    fit_checkpoint,
    fit_weights,
    unwrap,
)
from mvlr_mm.labels.record import RECORD

NAMES = ('cat', 'traffic light', 'sea')


def same(a, b):
    assert set(a) == set(b)
    for key in a:
        assert torch.equal(a[key], b[key]), key


def state(model):
    return copy.deepcopy(model.state_dict())


def test_all_weights_pass_and_the_model_is_not_changed(make_model):
    trained, model = make_model(seed=1), make_model()
    before, weights = state(model), trained.state_dict()
    same(fit_weights(model, weights), weights)
    same(model.state_dict(), before)


def test_a_checkpoint_that_fits_nothing_is_refused_with_the_first_names(make_model):
    model = make_model()
    before = state(model)
    weights = {'encoder.weight': torch.zeros(3, 3)}
    message = (
        r'^a\.pth does not fit the model, which has \d+ weights: \d+ are missing '
        r'\(backbone\.\S+, backbone\.\S+, backbone\.\S+, \.\.\.\); 1 are unexpected '
        r'\(encoder\.weight\)\. .*--allow missing unexpected of the commands, or allow='
    )
    with pytest.raises(ValueError, match=message):
        fit_checkpoint(model, {'state_dict': weights, 'meta': {}}, source='a.pth')
    same(model.state_dict(), before)


@pytest.mark.parametrize('word', ['missing', 'unexpected'])
def test_what_may_differ_is_allowed_by_name_only(make_model, word):
    trained, model = make_model(seed=1), make_model()
    weights = trained.state_dict()
    if word == 'missing':
        del weights['head.log_scale']
    else:
        weights['head.more'] = torch.zeros(2)
    for allow in ((), ({'missing', 'unexpected'} - {word}), ('labels',)):
        with pytest.raises(ValueError, match=rf'1 are {word} \(head\.\w+\)'):
            fit_weights(model, weights, allow)
    found = fit_weights(model, weights, [word])
    assert set(found) == set(trained.state_dict())
    if word == 'missing':
        assert found['head.log_scale'] == model.head.log_scale


def test_another_shape_is_never_passed_over(make_model):
    model = make_model()
    weights = model.state_dict() | {'head.log_scale': torch.zeros(7)}
    message = r'1 are of another shape .*head\.log_scale.* of this config\.$'
    with pytest.raises(ValueError, match=message):
        fit_weights(model, weights, ['missing', 'unexpected'])


def test_bn_counters_may_be_missing():
    model = nn.BatchNorm1d(3)
    weights = nn.BatchNorm1d(3).state_dict()
    del weights['num_batches_tracked']
    for versions in (weights._metadata, {}):
        weights._metadata = versions
        fitting = fit_weights(model, weights)
        assert fitting._metadata is versions
        model.load_state_dict(fitting)


@pytest.mark.parametrize('checkpoint', [[1], 5, {'state_dict': 5}, {'a': 1}])
def test_what_is_no_checkpoint_is_refused(checkpoint):
    with pytest.raises(ValueError, match=r'^x\.pth.* (holds a \w+|not a tensor)'):
        fit_checkpoint(nn.Linear(2, 2), checkpoint, source='x.pth')


def test_a_model_may_resize_what_it_loads():
    class Resizing(nn.Linear):
        def _load_from_state_dict(self, state_dict, prefix, *args):
            state_dict[f'{prefix}weight'] = state_dict.pop(f'{prefix}old')[:2]
            super()._load_from_state_dict(state_dict, prefix, *args)

    model = nn.Sequential(Resizing(3, 2))
    weights = {'0.old': torch.ones(5, 3), '0.bias': torch.ones(2)}
    same(fit_weights(model, weights), weights)
    assert not torch.equal(model[0].bias, weights['0.bias'])


def test_prefixes_of_wrappers_are_taken_away(make_model):
    class Doubled(BaseTTAModel):
        def merge_preds(self, data_samples_list):
            return data_samples_list

    trained, model = make_model(seed=1), make_model()
    weights = {f'module.{key}': value for key, value in trained.state_dict().items()}
    same(fit_weights(model, weights), trained.state_dict())
    wrapped = Doubled(model)
    assert unwrap(wrapped) is model
    same(fit_weights(wrapped, trained.state_dict()), trained.state_dict())


def test_only_what_wrappers_add_is_taken_away():
    model = nn.Module()
    model.module = nn.Linear(2, 2)
    same(fit_weights(model, model.state_dict()), model.state_dict())
    mixed = {'module.weight': torch.ones(2, 2), 'bias': torch.ones(2)}
    message = r'1 are missing \(weight\); 1 are unexpected \(module\.weight\)'
    with pytest.raises(ValueError, match=message):
        fit_weights(nn.Linear(2, 2), mixed)


def test_bare_weights_and_averages_are_fitted(make_model):
    trained, model = make_model(seed=1), make_model()
    bare = dict(trained.state_dict())
    fit_checkpoint(model, bare)
    same(bare['state_dict'], trained.state_dict())

    average = OrderedDict(steps=torch.tensor(3))
    average |= {f'module.{k}': v for k, v in trained.state_dict().items()}
    checkpoint = {'state_dict': trained.state_dict(), 'ema_state_dict': average}
    fit_checkpoint(model, checkpoint)
    same(checkpoint['ema_state_dict'], average)
    del average['module.head.log_scale']
    with pytest.raises(ValueError, match=r'^the average in x\.pth .*head\.log_scale'):
        fit_checkpoint(model, checkpoint | {'ema_state_dict': average}, source='x.pth')


def test_names_of_the_data_stand_for_a_record(make_model, logits_by_name):
    trained, model = make_model(seed=1), make_model(NAMES[::-1])
    weights = {k: v for k, v in trained.state_dict().items() if RECORD not in k}
    meta = {'dataset_meta': {'classes': NAMES}}
    checkpoint = {'state_dict': weights, 'meta': meta}
    fit_checkpoint(model, checkpoint)
    model.load_state_dict(checkpoint['state_dict'])
    found, expected = logits_by_name(model), logits_by_name(trained)
    assert list(found) == list(NAMES[::-1]) == list(meta['dataset_meta']['classes'])
    torch.testing.assert_close(found, expected)
    meta['dataset_meta']['classes'] = ('cat', 'dog', 'sea')
    message = r"only in the checkpoint: 'dog', first only in the model: 'traffic light'"
    with pytest.raises(ValueError, match=message):
        fit_checkpoint(make_model(), {'state_dict': weights, 'meta': meta})


def test_a_record_comes_before_the_names_of_the_data(make_model):
    weights = make_model(seed=1).state_dict()
    same(fit_weights(make_model(), weights, names=NAMES[::-1]), weights)


@pytest.mark.parametrize('others', [('dog', 'sea'), ('sea', 'dog', 'bus')])
def test_everything_but_the_labels(make_model, logits_by_name, others):
    trained, model = make_model(seed=1), make_model(others)
    meta = {'dataset_meta': {'classes': NAMES}, 'epoch': 3}
    checkpoint = {'state_dict': trained.state_dict(), 'meta': meta}
    with pytest.raises(ValueError, match=r"not the same; .*allow=\['labels'\]"):
        fit_checkpoint(model, copy.deepcopy(checkpoint))
    fit_checkpoint(model, checkpoint, ['labels'])
    assert checkpoint['meta'] == {'epoch': 3}
    model.load_state_dict(checkpoint['state_dict'])
    # as if the labels were set behind the training
    trained.neck.set_classes(others)
    torch.testing.assert_close(logits_by_name(model), logits_by_name(trained))


@pytest.fixture
def make_random(make_model, tiny_clip):
    """Models whose text towers are random, so that checkpoints have them."""

    def make(classes, seed):
        tower = MODELS.build(dict(type='CLIPTextEncoder', model=tiny_clip()['model']))
        torch.manual_seed(seed)
        with torch.no_grad():
            for parameter in tower.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
        return make_model(classes, text_encoder=tower)

    return make


@pytest.mark.parametrize('allow', ['labels', 'missing'])
def test_hard_prompts_that_stay_are_of_the_tower_that_comes_in(make_random, allow):
    others = ('dog', 'sea') if allow == 'labels' else NAMES
    trained, model = make_random(NAMES, 1), make_random(others, 2)
    before, weights = state(model), trained.state_dict()
    if allow == 'missing':
        del weights['neck.prompt.hard']
    fitting = fit_weights(model, weights, [allow])
    same(model.state_dict(), before)
    model.load_state_dict(fitting)
    trained.neck.set_classes(others)
    torch.testing.assert_close(model.neck.prompt.hard, trained.neck.prompt.hard)


def test_hard_prompts_stay_to_the_bit_where_the_tower_does(make_model):
    model = make_model(('dog', 'sea'))
    model.neck.prompt.hard += 1e-4
    found = fit_weights(model, make_model(seed=1).state_dict(), ['labels'])
    assert torch.equal(found['neck.prompt.hard'], model.neck.prompt.hard)


def test_heads_of_mmpretrain_keep_their_rows_for_other_labels():
    def make(labels):
        head = dict(type='MultiLabelLinearClsHead', in_channels=120)
        neck = dict(type='GlobalAveragePooling')
        parts = dict(backbone=dict(type='LeNet5'), neck=neck)
        head['num_classes'] = labels
        return MODELS.build(dict(type='ImageClassifier', **parts, head=head))

    trained = make(5)
    for labels in (3, 5):
        model = make(labels)
        found = fit_weights(model, trained.state_dict(), ['labels'])
        for key, value in found.items():
            source = model if key.startswith('head.fc') else trained
            assert torch.equal(value, source.state_dict()[key])
    message = r'2 are of another shape .*head\.fc\.weight.*--allow labels of'
    with pytest.raises(ValueError, match=message):
        fit_weights(make(3), trained.state_dict())
    # other labels do not explain a backbone of another shape
    weights = trained.state_dict()
    weights[next(iter(weights))] = torch.zeros(1)
    message = r'3 are of another shape .* checkpoint of this config\.$'
    with pytest.raises(ValueError, match=message):
        fit_weights(make(3), weights)


@pytest.mark.parametrize('allow', ['labels', ['lables'], ['missing', 'all']])
def test_unknown_words_are_refused(allow):
    with pytest.raises(ValueError, match=r'^allow \(.*must be a list of words of'):
        check_allow(allow)
