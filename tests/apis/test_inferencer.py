import dataclasses
import itertools
import re

import cv2
import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from PIL import Image

from mvlr_mm.apis import LoadedModel, MultiLabelInferencer, load_model
from mvlr_mm.evaluation import read_results
from mvlr_stack.command import main

FMT = ('tags', 'scores', 'embedding', 'heatmap')


@pytest.fixture(scope='module')
def infer(trained):
    return MultiLabelInferencer(trained.folder, device='cpu')


@pytest.fixture(scope='module')
def found(infer, trained):
    return infer(trained.pictures, fmt=FMT)


def scores_of(results):
    return np.stack([result.scores for result in results])


def test_scores_are_those_of_mvlr_test(trained, infer, tmp_path):
    out = str(tmp_path / 'out.npz')
    words = [str(trained.config), str(trained.checkpoint), '--out', out]
    main(['test', *words, '--work-dir', str(tmp_path / 'run')])
    tested = read_results(out)
    results = infer(trained.pictures, fmt='scores', batch_size=2)
    assert [result.path for result in results] == list(tested.paths)
    np.testing.assert_array_equal(scores_of(results), tested.scores)
    assert tested.scores.std(axis=0).min() > 0.001  # pictures differ


@pytest.mark.parametrize('batch_size', [1, 3, 100])
def test_results_do_not_depend_on_the_batch(infer, trained, found, batch_size):
    again = infer(trained.pictures, fmt=FMT, batch_size=batch_size)
    for name in ('scores', 'embedding', 'heatmap'):
        a, b = (np.stack([getattr(r, name) for r in x]) for x in (found, again))
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_pictures_of_several_sizes_do_not_pad_each_other(trained):
    loaded = load_model(trained.folder)
    free = [t for t in loaded.pipeline if t['type'] != 'Resize']
    loaded = dataclasses.replace(loaded, pipeline=free)
    infer = MultiLabelInferencer(loaded, device='cpu')
    together = infer(trained.pictures, fmt='scores', batch_size=7)
    alone = infer(trained.pictures, fmt='scores', batch_size=1)
    np.testing.assert_allclose(scores_of(together), scores_of(alone), atol=1e-5)


def test_formats_by_hand(infer, trained, found):
    inputs = infer._prepare(trained.pictures[4]).data['inputs'][None].float()
    rgb = inputs[:, [2, 1, 0]]
    mean, std = (torch.tensor(x).view(3, 1, 1) for x in ([120, 110, 100], [60] * 3))
    model = infer.model
    with torch.no_grad():
        patches = model.backbone((rgb - mean) / std)
        logits = model.head.patch_logits(model.neck(patches))[0]
    result = found[4]
    np.testing.assert_allclose(
        result.embedding, patches.visual[0].mean(0), rtol=1e-4, atol=1e-5
    )
    assert result.heatmap.shape == (3, *patches.grid)
    for label in range(3):
        np.testing.assert_allclose(
            result.heatmap[label].ravel(), logits[:, label], rtol=1e-4, atol=1e-4
        )
    np.testing.assert_allclose(
        result.scores, model.head.pooling(logits[None])[0].sigmoid(), atol=1e-5
    )
    assert result.scores.dtype == np.float32
    assert infer(trained.pictures[0])[0].scores is None


def test_tags_are_sorted_and_at_or_above_the_threshold(infer, trained, found):
    middle = float(np.median(scores_of(found)))
    for result, full in zip(infer(trained.pictures, thr=middle), found, strict=True):
        expected = {
            name: float(score)
            for name, score in zip(infer.classes, full.scores, strict=True)
            if score >= middle
        }
        assert dict(result.tags) == pytest.approx(expected, abs=1e-6)
        assert [s for _, s in result.tags] == sorted(expected.values(), reverse=True)
    one = infer(trained.pictures, thr=None, topk=1)
    assert [r.tags[0][0] for r in one] == [
        infer.classes[r.scores.argmax()] for r in found
    ]


def test_arrays_and_images_are_read_as_files_are(infer, trained):
    path = trained.pictures[2]
    array, image = cv2.imread(path), Image.open(path)
    results = infer([path, array, image, np.stack([array])], fmt='scores')
    assert [result.path for result in results] == [path, None, None, None]
    for result in results[1:]:
        np.testing.assert_allclose(result.scores, results[0].scores, atol=1e-6)
    grey = infer([array[..., 0], Image.fromarray(array[..., 0])], fmt='scores')
    np.testing.assert_allclose(grey[0].scores, grey[1].scores, atol=1e-6)


def test_folders_and_patterns(infer, trained):
    expected = [(path, None) for path in trained.pictures]
    for given in (str(trained.root), trained.root, f'{trained.root}/[0-9].png'):
        assert [(r.path, r.error) for r in infer(given)] == expected


def test_bad_pictures_do_not_stop_the_others(infer, trained, tmp_path):
    cut = tmp_path / 'cut.png'
    cut.write_bytes(b'\x89PNG\r\n\x1a\n')
    bad = [str(cut), str(tmp_path / 'gone.png'), str(tmp_path / '*.jpg')]
    (tmp_path / 'empty').mkdir()
    images = [*bad, tmp_path / 'empty', np.zeros((4, 4, 7), np.uint8)]
    images = [trained.pictures[0], *images, trained.pictures[1]]
    results = infer(images, thr=0, batch_size=4)
    assert [bool(result.error) for result in results] == [0, 1, 1, 1, 1, 1, 0]
    assert [len(result.tags) for result in results] == [3, 0, 0, 0, 0, 0, 3]
    texts = ['cut.png is no picture', 'gone.png', '*.jpg', 'without pictures', '4, 7)']
    for text, result in zip(texts, results[1:-1], strict=True):
        assert text in result.error
    assert results[1].path == str(cut)


def test_endless_input_is_read_one_batch_ahead(infer, trained):
    asked = []

    def endless():
        for i in itertools.count():
            asked.append(i)
            yield trained.pictures[i % 7]

    results = infer(endless(), batch_size=2, fmt='scores')
    assert asked == []
    first = list(itertools.islice(results, 9))
    results.close()
    assert len(asked) <= 9 + 2 * 2
    assert [result.path for result in first] == [
        trained.pictures[i % 7] for i in range(9)
    ]


def test_other_labels_leave_the_model_as_it_was(infer, trained, found):
    words = ['zebra', 'dog', 'red car', 'moon']
    other = infer(trained.pictures, classes=words, fmt=FMT)
    assert other[0].scores.shape == (4,)
    assert other[0].heatmap.shape[0] == 4
    np.testing.assert_array_equal(other[0].embedding, found[0].embedding)
    again = infer(trained.pictures, fmt=FMT)
    np.testing.assert_array_equal(scores_of(again), scores_of(found))
    assert infer.model.neck.classes == infer.classes == ('cat', 'dog', 'boat')
    # trained labels keep every bit; new ones follow the list, whatever else is on it
    column = infer.classes.index('dog')
    np.testing.assert_array_equal(scores_of(other)[:, 1], scores_of(found)[:, column])
    fewer = infer(trained.pictures, classes=['moon', 'zebra'], fmt='scores')
    np.testing.assert_array_equal(scores_of(fewer), scores_of(other)[:, [3, 0]])


def test_new_labels_follow_weights_that_change(trained):
    infer = MultiLabelInferencer(trained.folder, device='cpu')
    options = dict(classes=['moon', 'zebra'], fmt='scores')
    before = scores_of(infer(trained.pictures, **options))
    with torch.no_grad():
        infer.model.neck.prompt.context.normal_()  # the tower ignores a common shift
    after = scores_of(infer(trained.pictures, **options))
    assert not np.allclose(after, before)
    infer._other = None
    np.testing.assert_array_equal(after, scores_of(infer(trained.pictures, **options)))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(thr='stored'), 'has no thresholds'),
        (dict(thr=[0.1, 0.2]), 'one for each of the 3 labels'),
        (dict(thr={'cat': 0.2}), "lacks 2 of the 3 classes, first: 'dog'"),
        (dict(thr={'kat': 0.2}), "'kat', which is no label; nearest: 'cat'"),
        (dict(thr=float('nan')), 'one number'),
        (dict(topk=0), 'topk (0) must be a whole number, at least 1, or None'),
        (dict(topk=1.5), 'topk (1.5)'),
        (dict(batch_size=0), 'batch_size (0)'),
        (dict(batch_size=2.5), 'batch_size (2.5) must be a whole number, at least 1'),
        (dict(fmt=('tags', 'boxes')), "'boxes'"),
        (dict(classes='cat'), 'must be a list'),
        (dict(classes=['cat', 'cat']), 'occurs twice'),
    ],
)
def test_wrong_arguments_stop_at_once(infer, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        infer(iter(()), **options)


def test_what_is_no_picture_is_an_error_of_the_caller(infer):
    with pytest.raises(TypeError, match='not int'):
        infer([3])


def test_a_stock_model_tags(trained):
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='MobileNetV3', arch='small_050'),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=288),
            data_preprocessor=dict(mean=[0] * 3, std=[255] * 3),
        )
    ).eval()
    loaded = load_model(trained.folder)
    stock = LoadedModel(model, ('a', 'b', 'c'), loaded.pipeline, None, loaded.config)
    infer = MultiLabelInferencer(stock, device='cpu')
    found = infer(trained.pictures[:2], fmt=('scores', 'embedding'))
    assert found[0].scores.shape == (3,)
    assert found[0].embedding.shape == (288,)
    with pytest.raises(ValueError, match='MultiLabelLinearClsHead does not score'):
        infer(trained.pictures, fmt='heatmap')


def test_scores_that_are_no_numbers_are_an_error_of_the_picture(trained):
    loaded = load_model(trained.folder)
    with torch.no_grad():
        loaded.model.head.bias.fill_(torch.nan)
    (result,) = MultiLabelInferencer(loaded, device='cpu')(trained.pictures[0])
    assert 'NaN' in result.error


def test_labels_of_another_thread_do_not_take_the_place_of_these(trained, monkeypatch):
    """What threads share is set by another one as soon as it is set by this one."""
    infer = MultiLabelInferencer(trained.folder, device='cpu')
    picture, mine = trained.pictures[:1], ['moon', 'zebra']
    expected = scores_of(infer(picture, classes=mine))
    infer(picture, classes=['car', 'sun'])
    foreign, put = infer._other, MultiLabelInferencer.__setattr__

    def put_and_be_late(module, name, value):
        put(module, name, foreign if name == '_other' else value)

    monkeypatch.setattr(MultiLabelInferencer, '__setattr__', put_and_be_late)
    np.testing.assert_array_equal(scores_of(infer(picture, classes=mine)), expected)
