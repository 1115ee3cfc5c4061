"""What mmpretrain and mmengine do with a model, they do with ours."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from mmpretrain import (
    FeatureExtractor,
    ImageClassificationInferencer,
    get_model,
    inference_model,
)
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

CONFIG = Path(__file__).parents[2] / 'configs/mvlr/mvlr_rn101_coco.py'


@pytest.fixture(scope='module')
def config(tiny_config):
    return tiny_config(CONFIG)


@pytest.fixture(scope='module')
def model(config, tmp_path_factory):
    """A model as `get_model` gives it, with the weights of a checkpoint."""
    path = tmp_path_factory.mktemp('weights') / 'model.pth'
    meta = dict(dataset_meta=dict(classes=('cat', 'dog')))
    first = get_model(config)
    torch.save(dict(state_dict=first.state_dict(), meta=meta), path)
    return get_model(config, pretrained=str(path)).eval()


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / 'a.png'
    pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    cv2.imwrite(str(path), pixels)
    return str(path), pixels


def test_inference_gives_a_score_of_every_label(model, picture, tmp_path):
    path, pixels = picture
    found = inference_model(model, path)
    assert found['pred_scores'].shape == (2,)
    assert found['pred_class'] == ('cat', 'dog')[found['pred_label']]
    inferencer = ImageClassificationInferencer(model)
    both = inferencer([path, pixels], batch_size=2, show_dir=str(tmp_path / 'drawn'))
    for result in both:
        np.testing.assert_allclose(
            result['pred_scores'], found['pred_scores'], rtol=1e-5
        )
    assert (tmp_path / 'drawn/a.png').is_file()


def test_features_are_tensors_of_one_picture(model, picture):
    path, pixels = picture
    extract = FeatureExtractor(model)
    ((maps,),) = extract(path, stage='backbone')
    side = 448 // 32  # the tiny ResNet's stride
    assert maps.shape == (16, side, side)
    refined, labels = extract(path)[0]
    assert refined.shape == maps.shape
    assert labels.shape == (2, 16)
    torch.testing.assert_close(extract(path, stage='pre_logits')[0], (refined, labels))
    first, second = extract([path, pixels], batch_size=2)
    torch.testing.assert_close(first, second)


def test_features_are_what_the_head_reads(model):
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        maps, labels = model.extract_feat(images)
        feats = model.features(images)
        logits = model(images)
    torch.testing.assert_close(maps.flatten(2).mT, feats.visual)
    assert maps.shape[2:] == feats.grid
    torch.testing.assert_close(labels, feats.batch_labels('test'))
    torch.testing.assert_close(logits, model.head(feats))


def test_gradients_of_a_layer_as_grad_cam_takes_them(model):
    """Twice, with the hooks of activations and of their gradients."""
    kept = []

    def keep(module, inputs, output):
        output.register_hook(lambda grad: kept.append((output, grad)))

    hook = model.backbone.tower.trunk.layer4.register_forward_hook(keep)
    images = torch.randn(2, 3, 64, 64)
    try:
        for label in (0, 1):
            model.zero_grad()
            model(images)[:, label].sum().backward()
    finally:
        hook.remove()
    (activation, first), (_, second) = kept
    assert first.shape == activation.shape
    assert first.abs().sum() > 0
    assert not torch.allclose(first, second)


def test_test_time_augmentation_averages_the_scores(config, model):
    inner = dict(config.model, data_preprocessor=dict(config.data_preprocessor))
    tta = MODELS.build(dict(type='AverageClsScoreTTA', module=inner)).eval()
    tta.module.load_state_dict(model.state_dict())
    pixels = torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8)
    views = [[pixels], [pixels.flip(-1)]]
    samples = [[DataSample()], [DataSample()]]
    with torch.no_grad():
        (found,) = tta.test_step(dict(inputs=views, data_samples=samples))
        each = [
            model.test_step(dict(inputs=view, data_samples=[DataSample()]))[0]
            for view in views
        ]
    expected = torch.stack([sample.pred_score for sample in each]).mean(0)
    torch.testing.assert_close(found.pred_score, expected)


def test_a_range_test_of_the_learning_rate(config, tmp_path):
    """As a finder does it: the rate grows in every iteration, one run after another."""
    first = []
    for number, rate in enumerate((1e-6, 1e-5)):
        torch.manual_seed(0)
        sample = dict(
            inputs=torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8),
            data_samples=DataSample().set_gt_label([0]),
        )
        wrapper = config.optim_wrapper.to_dict()
        wrapper['optimizer']['lr'] = rate
        runner = Runner(
            config.model.to_dict(),
            str(tmp_path / str(number)),
            train_dataloader=dict(
                dataset=[sample] * 8,
                batch_size=2,
                num_workers=0,
                collate_fn=dict(type='pseudo_collate'),
                sampler=dict(type='DefaultSampler', shuffle=False),
            ),
            train_cfg=dict(by_epoch=False, max_iters=4),
            optim_wrapper=wrapper,
            param_scheduler=dict(type='ExponentialLR', gamma=10.0, by_epoch=False),
            custom_hooks=config.custom_hooks,
            data_preprocessor=config.data_preprocessor,
            default_hooks=dict(checkpoint=None),
            default_scope='mmpretrain',
            experiment_name=f'finder-{number}',
        )
        runner.train()
        losses, _ = runner.message_hub.get_scalar('train/loss').data
        rates, _ = runner.message_hub.get_scalar('train/lr').data
        np.testing.assert_allclose(rates, [rate * 10**i for i in range(4)], rtol=1e-6)
        assert np.isfinite(losses).all()
        first.append(losses[0])
    assert first[0] == pytest.approx(first[1])
