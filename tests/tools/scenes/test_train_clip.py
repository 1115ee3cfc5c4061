import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from open_clip import CLIP, SimpleTokenizer
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from sklearn.metrics import average_precision_score

from mvlr_mm.datasets.scenes import CLASSES, draw_scene, write_scenes
from mvlr_mm.models.clip import load_clip

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope='module')
def tool():
    return SimpleNamespace(**runpy.run_path(str(ROOT / 'tools/scenes/train_clip.py')))


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp('scenes')
    write_scenes(root, {'train': 8, 'val': 10})
    return root


def test_read_split_pairs_pictures_captions_and_labels(tool, scenes):
    images, captions, targets, names = tool.read_split(scenes, 'val')
    assert images.shape == (10, 3, 128, 128)
    assert names == list(CLASSES)
    for index in range(10):
        picture, seen, expected = draw_scene('val', index)
        assert captions[index] == expected
        labels = {names[i] for i in targets[index].nonzero().flatten()}
        assert labels == {thing.name for thing in seen}
        drawn = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
        drawn = drawn.view(128, 128, 3).permute(2, 0, 1).float()
        assert (images[index].float() - drawn).abs().mean() < 12  # JPEG


def test_normalize_is_clips(tool):
    images = torch.randint(0, 256, (2, 3, 4, 5), dtype=torch.uint8)
    ours = tool.normalize(images)
    for channel in range(3):
        plain = images[:, channel] / 255 - OPENAI_DATASET_MEAN[channel]
        plain = plain / OPENAI_DATASET_STD[channel]
        torch.testing.assert_close(ours[:, channel], plain)


def test_augment_moves_and_mirrors_whole_pictures(tool):
    torch.manual_seed(0)
    columns = torch.arange(64, dtype=torch.float32).expand(16, 3, 64, 64)
    steps = tool.augment(columns)[:, 0, 32].diff(dim=1)[:, 20:40]
    assert {row.unique().tolist()[0] for row in steps} == {1.0, -1.0}


def test_zero_shot_map_is_that_of_the_cosine(tool, scenes):
    images, _, targets, names = tool.read_split(scenes, 'val')
    torch.manual_seed(0)
    model = CLIP(**tool.CONFIG).eval()
    tokens = SimpleTokenizer(context_length=24)
    with torch.no_grad():
        texts = [model.encode_text(tokens(f'This photo contains {n}.')) for n in names]
        pooled = model.encode_image(tool.normalize(images))
        scores = torch.cosine_similarity(
            pooled[:, None], torch.cat(texts)[None], dim=-1
        )
    present = targets.any(dim=0)
    expected = 100 * average_precision_score(targets[:, present], scores[:, present])
    ours = tool.zero_shot_map(model, images, targets, names)
    assert ours == pytest.approx(expected, abs=1e-3)


def test_training_pairs_pictures_with_captions_and_saves_for_open_clip(
    tool, scenes, tmp_path, monkeypatch
):
    monkeypatch.setitem(tool.CONFIG['vision_cfg'], 'width', 8)
    monkeypatch.setitem(tool.CONFIG['text_cfg'], 'width', 32)
    images, captions, _, _ = tool.read_split(scenes, 'train')
    model = tool.train(images, captions, epochs=40, batch_size=8)
    tokens = SimpleTokenizer(context_length=24)
    with torch.no_grad():
        texts = model.encode_text(tokens([c[0] for c in captions]), normalize=True)
        pooled = model.encode_image(tool.normalize(images), normalize=True)
    cosine = pooled @ texts.T
    # learnt by heart: a picture is nearer to its own caption than to the others
    assert cosine.diag().mean() > cosine.mean() + 0.1
    tool.save(model, tmp_path, {'seed': 0})
    assert tool.find_recipe(tmp_path) == {'seed': 0}
    assert json.loads((tmp_path / 'tiny_clip.json').read_text()) == tool.CONFIG
    loaded = load_clip(
        str(tmp_path / 'tiny_clip.json'), str(tmp_path / 'tiny_clip.safetensors')
    )
    for ours, theirs in zip(
        model.state_dict().values(), loaded.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_scenes_that_are_not_whole_are_refused(tool, tmp_path, monkeypatch, capsys):
    (tmp_path / 'scenes.json').write_text('{"seed": 0, "unfinished": true}')
    words = ['train_clip.py', str(tmp_path), str(tmp_path / 'clip')]
    monkeypatch.setattr('sys.argv', words)
    with pytest.raises(SystemExit, match='2'):
        tool.main()
    assert f'{tmp_path} is not whole: draw it first' in capsys.readouterr().err
    assert not (tmp_path / 'clip').exists()


def test_a_clip_is_found_only_for_the_same_scenes_and_settings(
    tool, scenes, tmp_path, monkeypatch, capsys
):
    trained = []

    def train(*_, seed):
        trained.append(seed)
        return CLIP(**tool.CONFIG).eval()

    names = tool.main.__globals__
    monkeypatch.setitem(names, 'train', train)
    monkeypatch.setitem(names, 'read_split', lambda *_: (None, None, torch.ones(1), []))
    monkeypatch.setitem(names, 'zero_shot_map', lambda *_: 50.0)
    root = tmp_path / 'scenes'
    write_scenes(root, {'train': 1})

    def run(*words):
        monkeypatch.setattr(
            'sys.argv', ['x', str(root), str(tmp_path / 'clip'), *words]
        )
        tool.main()

    run()
    run()
    assert 'Found the trained CLIP' in capsys.readouterr().out
    run('--seed', '1')
    write_scenes(root, {'train': 1}, seed=1)
    run('--seed', '1')
    run('--seed', '1')
    assert trained == [0, 1, 1]
