import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss

FOLDER = Path(__file__).parents[3] / 'tools/benchmarks'


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module('new_labels')


@pytest.fixture
def ways(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module('new_labels_ways')


@pytest.fixture
def found():
    """Logits of 3 trained names and 2 new ones that tell something of the targets."""
    rng = np.random.default_rng(0)
    found = {}
    for split, count in (('val', 80), ('test', 120)):
        old, new = (rng.integers(0, 2, (count, n)) for n in (3, 2))
        found[f'{split} old'], found[f'{split} new'] = old, new
        own = 2 * old + rng.normal(size=old.shape)
        found[f'{split} own'] = own
        for name in ('together', 'beside', 'apart', 'shipped'):
            found[f'{split} {name}'] = new + rng.normal(size=new.shape)
        every = np.concatenate([old, new], 1) + rng.normal(size=(count, 5))
        found[f'{split} prompts'] = every
        found[f'{split} generic'] = rng.normal(size=(count, 4))
        found[f'{split} shifted'] = np.stack([own + 0.1, own - rng.random(own.shape)])
    return found | {f'seconds {x}': 1.0 for x in ('own', 'beside', 'apart', 'shipped')}


def test_a_way_by_hand(ways, found):
    def similarity(split):
        return found[f'{split} prompts'] - found[f'{split} generic'].mean(1)[:, None]

    val, test = similarity('val'), similarity('test')
    z = (test - val.mean(0)) / val.std(0)
    own = (val - val.mean(0))[:, :3] / val[:, :3].std(0)
    fit = LogisticRegression(C=np.inf, tol=1e-10)
    fit.fit(own.reshape(-1, 1), found['val old'].ravel())
    expected = fit.predict_proba(z[:, 3:].reshape(-1, 1))[:, 1].reshape(-1, 2)
    scores = ways.ways(found, 'test')
    name = 'apart, generic level, standardised'
    np.testing.assert_allclose(scores[name], expected, rtol=1e-4)
    np.testing.assert_allclose(scores['apart'], expit(found['test apart']))
    numbers = ways.numbers(found, 'test', scores[name])
    new = found['test new']
    pairs = [(new[:, i], expected[:, i]) for i in (0, 1)]
    for key, number in (
        ('Brier', brier_score_loss),
        ('AP', average_precision_score),
    ):
        expected = [100 * number(*pair) for pair in pairs]
        np.testing.assert_allclose(numbers[key], expected, rtol=1e-4)


def test_what_a_name_changes(ways, found):
    numbers = ways.changes(found)
    own, shifted = expit(found['test own']), expit(found['test shifted'])
    assert numbers['largest'] == pytest.approx(np.abs(shifted - own).max())
    first = average_precision_score(found['test old'], own, average='macro')
    assert numbers['mAP before'] == pytest.approx(100 * first)


def test_from_pictures_to_a_page(benchmark, tiny_clip, tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    names = ['dark', 'left', 'red']
    (tmp_path / 'images').mkdir()
    (tmp_path / 'classes.json').write_text(json.dumps(names))
    for split in ('train', 'val', 'test'):
        lines = []
        for i in range(6):
            picture = rng.integers(0, 256, (32, 32, 3)) // (1 + 3 * (i % 2))
            name = f'{split}{i}.png'
            Image.fromarray(picture.astype(np.uint8)).save(tmp_path / 'images' / name)
            labels = [names[k] for k in range(3) if (i >> k) & 1]
            lines.append(json.dumps(dict(image=name, labels=labels)))
        (tmp_path / f'{split}.jsonl').write_text('\n'.join(lines))
    monkeypatch.setenv('MVLR_DATA_ROOT', str(tmp_path))
    monkeypatch.setenv('MVLR_CLIP', tiny_clip('timm')['model'].removesuffix('.json'))
    monkeypatch.setenv('MVLR_IMG_SIZE', '64')
    out = tmp_path / 'out'
    benchmark.main([str(out), '--epochs', '1'])
    page = (out / 'new_labels.md').read_text()
    assert page.startswith('3 splits of the names.')
    assert page.count('| all stages, each beside the trained |') == 2
    with np.load(out / 'logits_0_1.npz') as found:
        assert found['test own'].shape == (6, 2)
        assert found['test prompts'].shape == (6, 3)
        assert found['test shifted'].shape == (1, 6, 2)
        # what the library gives is one of the columns of all prompts
        np.testing.assert_allclose(
            found['test apart'], found['test prompts'][:, 2:], rtol=1e-4, atol=1e-5
        )
    monkeypatch.setattr(benchmark, 'train', None)
    capsys.readouterr()
    benchmark.main([str(out), '--epochs', '1'])  # nothing is done again
    with pytest.raises(SystemExit, match='2'):  # nor called another training's
        benchmark.main([str(out), '--epochs', '2'])
    assert capsys.readouterr().out.strip() == page.strip()
