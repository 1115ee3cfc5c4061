import dataclasses

import cv2
import numpy as np
import pytest
from mmpretrain.registry import MODELS
from PIL import Image

from mvlr_mm.apis import LoadedModel, MultiLabelInferencer
from mvlr_mm.page import PageTagger
from mvlr_mm.page import tagger as module
from mvlr_mm.visualization import heat_map, overlay


def test_a_look_is_what_the_inferencer_says(tagger, infer, trained):
    path = trained.pictures[3]
    look = tagger.look(path, ())
    (found,) = infer([path], fmt=('scores', 'heatmap'))
    assert look.names == infer.classes
    assert look.own == 3
    np.testing.assert_array_equal(look.scores, found.scores)
    np.testing.assert_array_equal(look.thresholds, [0.5] * 3)
    image = Image.open(path).convert('RGB')
    np.testing.assert_array_equal(look.picture, image)
    heat = heat_map(found.heatmap[1].ravel(), found.heatmap.shape[1:], image.size)
    np.testing.assert_array_equal(look.where('dog'), overlay(image, heat))


def test_large_pictures_are_small_in_the_page(infer, tmp_path):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, np.zeros((300, 1800, 3), np.uint8))
    look = PageTagger(infer, 10**6).look(path, ())
    assert look.picture.size == look.where('cat').size == (900, 150)


def test_added_labels_follow_the_own_ones(tagger, infer, trained):
    path, names = trained.pictures[0], ('red car', 'snow')
    look = tagger.look(path, names)
    (found,) = infer([path], classes=(*infer.classes, *names), fmt='scores')
    assert look.names == ('cat', 'dog', 'boat', *names)
    assert look.own == 3
    np.testing.assert_array_equal(look.scores, found.scores)
    assert look.where('snow').size == look.picture.size
    own = tagger.look(path, ()).scores
    np.testing.assert_array_equal(look.scores[:3], own)
    assert look.scaled is False


def test_stored_thresholds_count_and_others_are_a_half(infer):
    stored = {'boat': 0.3, 'cat': 0.1, 'dog': 0.2}
    loaded = dataclasses.replace(infer.loaded, thresholds=stored)
    tagger = PageTagger(MultiLabelInferencer(loaded, device='cpu'), 100)
    np.testing.assert_array_equal(tagger.thresholds(['x']), [0.1, 0.2, 0.3, 0.5])


def test_a_picture_that_was_looked_at_is_remembered(infer, trained, monkeypatch):
    tagger = PageTagger(infer, 20_000)
    first = tagger.look(trained.pictures[0], ())
    monkeypatch.setattr(tagger, '_infer', None)
    assert tagger.look(trained.pictures[0], ()) is first


def test_a_bad_picture_is_an_error_without_its_folder(tagger, tmp_path):
    path = tmp_path / 'a.jpg'
    path.write_text('words')
    with pytest.raises(ValueError, match=r'^a.jpg is no picture'):
        tagger.look(str(path), ())


def test_rows_are_those_of_the_inferencer(tagger, infer, trained, tmp_path):
    bad = tmp_path / 'bad.jpg'
    bad.write_text('words')
    paths = [*trained.pictures, str(bad), *trained.pictures, str(bad)]
    rows = list(tagger.rows(paths, ('snow',)))
    results = infer(paths, classes=(*infer.classes, 'snow'))
    assert [row.path for row in rows] == [path.rpartition('/')[2] for path in paths]
    for row, found in zip(rows, results, strict=True):
        assert tuple(row.tags) == tuple(name for name, _ in found.tags)
        np.testing.assert_allclose(row.scores, [s for _, s in found.tags], rtol=1e-5)
        assert (row.error is None) == (found.error is None)
    assert any(row.tags for row in rows)
    assert rows[7].error.startswith('bad.jpg is no picture')


def test_rows_are_read_a_batch_at_a_time(tagger, trained, monkeypatch):
    read = []
    original = module.read_upload
    monkeypatch.setattr(
        module, 'read_upload', lambda *args: read.append(1) or original(*args)
    )
    next(tagger.rows(trained.pictures * 5))
    assert len(read) == 8


def test_a_model_without_a_text_side_says_why_it_takes_no_labels(infer, trained):
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='MobileNetV3', arch='small_050'),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='MultiLabelLinearClsHead', num_classes=2, in_channels=288),
            data_preprocessor=dict(mean=[0] * 3, std=[255] * 3),
        )
    ).eval()
    stock = LoadedModel(model, ('a', 'b'), infer.loaded.pipeline, None, None)
    tagger = PageTagger(MultiLabelInferencer(stock, device='cpu'), 20_000)
    assert 'has no text side' in tagger.fixed
    assert tagger.has_maps is False
    look = tagger.look(trained.pictures[0], ())
    assert look.scores.shape == (2,)
    assert look.where('a') is None
    with pytest.raises(ValueError, match='no text side'):
        tagger.look(trained.pictures[0], ('c',))


def test_a_model_with_a_text_side_takes_labels(tagger):
    assert tagger.fixed is None
    assert tagger.has_maps is True
