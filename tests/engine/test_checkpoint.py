import os
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import LocalBackend
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import CheckpointLoader, Runner, checkpoint, runner
from mmpretrain import get_model
from torch import nn

from mvlr_mm.engine import load_weights


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class Climb:
    """Reach a function of numpy through the getattr that a log history needs."""

    def __reduce__(self):
        return getattr, (np.ndarray, 'tofile')


class Tiny(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))

    def forward(self, inputs, mode='loss'):
        return dict(loss=self.layer(inputs).pow(2).mean())


def run(folder, load_from=None):
    data = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    runner = Runner(
        Tiny(),
        str(folder),
        train_dataloader=dict(
            dataset=list(data),
            batch_size=4,
            collate_fn=lambda rows: dict(inputs=torch.stack(rows)),
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=4),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-2)),
        param_scheduler=dict(type='CosineAnnealingLR', convert_to_iter_based=True),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
        custom_hooks=[dict(type='EMAHook', momentum=0.1, update_buffers=True)],
        load_from=load_from,
        resume=load_from is not None,
        randomness=dict(seed=0),
        experiment_name=folder.name,
    )
    runner.train()


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp('finished')
    run(folder)
    return folder


def test_a_checkpoint_with_its_history_loads(finished):
    loaded = load_weights(finished / 'epoch_2.pth')
    history = loaded['message_hub']['log_scalars']['train/loss']
    assert isinstance(history, HistoryBuffer)
    assert len(history.data[0]) == 4
    assert history.statistics('mean') == pytest.approx(history.data[0].mean())
    assert {'ema_state_dict', 'optimizer', 'param_schedulers'} <= set(loaded)


def test_resuming_equals_never_stopping(finished, tmp_path):
    run(tmp_path, load_from=str(finished / 'epoch_2.pth'))
    found, expected = (
        load_weights(folder / 'epoch_4.pth') for folder in (tmp_path, finished)
    )
    assert found['param_schedulers'] == expected['param_schedulers']
    for part in ('state_dict', 'ema_state_dict', 'optimizer'):
        torch.testing.assert_close(found[part], expected[part], rtol=0, atol=0)
    assert found['meta']['iter'] == 8
    loss = found['message_hub']['log_scalars']['train/loss'].data[0]
    assert len(loss) == 8


def load_remote(path, monkeypatch):
    """Load through mmengine's loader for addresses, from a file already there."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(path.parent))
    (path.parent / 'checkpoints').mkdir(exist_ok=True)
    path.rename(path.parent / 'checkpoints' / path.name)
    return CheckpointLoader.load_checkpoint(f'https://example.com/{path.name}')


@pytest.mark.parametrize('way', ['direct', 'loader', 'address', 'runner', 'buffer'])
def test_a_hostile_file_is_refused_and_nothing_runs(tmp_path, monkeypatch, way):
    # the variable by which users of torch 2.6 and mmengine 0.10.7 help themselves
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    path = tmp_path / 'hostile.pth'
    torch.save(dict(state_dict=Hostile(tmp_path / 'ran')), path)
    load = dict(
        direct=partial(load_weights, path),
        loader=partial(CheckpointLoader.load_checkpoint, str(path)),
        address=partial(load_remote, path, monkeypatch),
        runner=partial(checkpoint.load_checkpoint, Tiny(), str(path)),
        buffer=lambda: load_weights(path.open('rb')),
    )[way]
    with pytest.raises(pickle.UnpicklingError):
        load()
    assert not (tmp_path / 'ran').exists()
    # while torch alone would have run it
    torch.load(next(tmp_path.rglob('hostile.pth')))
    assert (tmp_path / 'ran').exists()


class Inside:
    """Reach what is not for others through the getattr of a log history."""

    def __reduce__(self):
        return getattr, (HistoryBuffer, '__init__')


def test_a_config_in_a_checkpoint_is_not_run(finished, tmp_path):
    found = load_weights(finished / 'epoch_2.pth')
    found['meta']['config'] = f'import os\nos.mkdir({str(tmp_path / "ran")!r})\n'
    torch.save(found, tmp_path / 'hostile.pth')
    run(tmp_path / 'on', load_from=str(tmp_path / 'hostile.pth'))
    assert (tmp_path / 'on/epoch_4.pth').exists()
    assert not (tmp_path / 'ran').exists()


def test_a_history_gives_its_statistics_alone(tmp_path):
    torch.save(Inside(), tmp_path / 'inside.pth')
    with pytest.raises(pickle.UnpicklingError, match=r'inside\.pth is damaged or'):
        load_weights(tmp_path / 'inside.pth')


def test_a_scheme_with_its_own_download_is_safe_too(tmp_path):
    path = tmp_path / 'hostile.pth'
    torch.save(Hostile(tmp_path / 'ran'), path)
    with pytest.raises(pickle.UnpicklingError):
        checkpoint.load_from_ceph(str(path), backend='local')
    assert not (tmp_path / 'ran').exists()


def test_the_refusal_names_the_file_and_the_fix(tmp_path):
    path = tmp_path / 'hostile.pth'
    torch.save(Hostile(tmp_path / 'ran'), path)
    message = r'hostile.pth is damaged or contains more than weights.* nothing of it'
    with pytest.raises(pickle.UnpicklingError, match=message):
        load_weights(path)


def test_getattr_reaches_statistics_only(tmp_path):
    path = tmp_path / 'climb.pth'
    torch.save(Climb(), path)
    with pytest.raises(pickle.UnpicklingError, match=r'Reason: .*is not allowed'):
        load_weights(path)
    buffer = HistoryBuffer([1.0, 3.0], [1, 1])
    torch.save(buffer, path)
    assert load_weights(path).statistics('max') == 3


@pytest.mark.parametrize('code', '?bhilqBHILQefd')
def test_numpy_values_load(tmp_path, code):
    values = [np.ones(3, code), np.ones((), code)[()]]
    torch.save(values, tmp_path / 'numpy.pth')
    array, scalar = load_weights(tmp_path / 'numpy.pth')
    np.testing.assert_array_equal(array, values[0])
    assert scalar == values[1]
    assert scalar.dtype == values[1].dtype


class OtherNumpy:
    """A pickle module whose files carry the module name of the other numpy."""

    __name__ = 'pickle'
    dumps = staticmethod(pickle.dumps)

    class Pickler(pickle.Pickler):
        def __init__(self, file, protocol):
            super().__init__(file, protocol)
            self.file = file

        def dump(self, value):
            content = pickle.dumps(value, 2)
            names = (b'cnumpy._core.multiarray', b'cnumpy.core.multiarray')
            ours, other = names if names[0] in content else names[::-1]
            assert ours in content
            self.file.write(content.replace(ours, other))


def test_arrays_written_by_the_other_numpy_load(tmp_path):
    values = [np.arange(3.0), np.float64(2)]
    torch.save(values, tmp_path / 'other.pth', pickle_module=OtherNumpy)
    array, scalar = load_weights(tmp_path / 'other.pth')
    np.testing.assert_array_equal(array, values[0])
    assert scalar == 2


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none.pth does not exist'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'none.pth'))


def test_a_download_is_read_like_a_file(tmp_path, monkeypatch):
    path = tmp_path / 'cut.pth'
    torch.save({'state_dict': Tiny().state_dict()}, path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match=r'cut\.pth is cut or damaged: its end'):
        load_remote(path, monkeypatch)


@pytest.mark.parametrize('way', ['load_weights', 'get_model', 'mmengine'])
def test_labels_of_another_order_are_taken_by_name(
    make_model, logits_by_name, tmp_path, way
):
    trained = make_model(seed=1)
    path = str(tmp_path / 'trained.pth')
    meta = dict(dataset_meta=dict(classes=trained.neck.classes))
    torch.save({'state_dict': trained.state_dict(), 'meta': meta}, path)
    names = trained.neck.classes[::-1]
    if way == 'get_model':
        config = Config(dict(model=make_model.config(names)))
        model = get_model(config, pretrained=path)
        assert model._dataset_meta['classes'] == names  # by which results are named
    else:
        model = make_model(names)
        if way == 'load_weights':
            load_weights(path, into=model)
        else:
            checkpoint.load_checkpoint(model, path)
    assert model.neck.classes == names
    torch.testing.assert_close(logits_by_name(model), logits_by_name(trained))


@pytest.mark.parametrize('way', ['load_weights', 'get_model', 'mmengine'])
def test_a_checkpoint_that_does_not_fit_is_refused(make_model, tmp_path, way):
    path = str(tmp_path / 'a.pth')
    torch.save({'state_dict': {'encoder.weight': torch.zeros(3, 3)}}, path)
    model = make_model()
    load = dict(
        load_weights=lambda: load_weights(path, into=model),
        get_model=lambda: get_model(
            Config(dict(model=make_model.config())), pretrained=path
        ),
        mmengine=lambda: checkpoint.load_checkpoint(model, path),
    )[way]
    with pytest.raises(ValueError, match=r'missing \(backbone.*unexpected \(encoder'):
        load()
    load_weights(path, into=model, allow=['missing', 'unexpected'])


def test_models_without_our_parts_load_as_mmengine_says(tmp_path):
    torch.save({'state_dict': {'other': torch.zeros(3)}}, tmp_path / 'a.pth')
    checkpoint.load_checkpoint(Tiny(), str(tmp_path / 'a.pth'))


def test_a_checkpoint_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """A kill, or a full disk, in the middle of a file leaves the one before."""
    path = tmp_path / 'epoch_1.pth'
    checkpoint.save_checkpoint({'state_dict': {'a': torch.ones(1)}}, str(path))

    def half(self, content, filepath):
        with open(filepath, 'wb') as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(LocalBackend, 'put', half)
    for save in (checkpoint.save_checkpoint, runner.save_checkpoint):
        with pytest.raises(OSError, match='No space left'):
            save({'state_dict': {'a': torch.zeros(1)}}, str(path))
    assert load_weights(path)['state_dict']['a'] == 1
    assert list(tmp_path.iterdir()) == [path]
