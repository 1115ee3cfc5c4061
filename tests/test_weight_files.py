import hashlib
import io
import pickle
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mvlr_mm.weight_files import read_weights, readable_weights, sha256_of

WEIGHTS = {'a.weight': torch.arange(600.0).view(20, 30), 'b': torch.arange(5)}


def content(save):
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def archive(name):
    def save(buffer):
        with zipfile.ZipFile(buffer, 'w') as target:
            target.writestr(name, 'text')

    return content(save)


def safetensors(folder):
    save_file(WEIGHTS, str(folder / 'made'))
    return (folder / 'made').read_bytes()


ZIP = content(lambda to: torch.save({'state_dict': WEIGHTS}, to))
LEGACY = content(
    lambda to: torch.save(WEIGHTS, to, _use_new_zipfile_serialization=False)
)
FLIPPED = ZIP.replace(np.float32(300).tobytes(), np.float32(301).tobytes())
LFS = b'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'
CASES = {
    'empty': (b'', r'is empty \(0 bytes\); copy or download it again'),
    'cut': (ZIP[: len(ZIP) // 2], r'is cut or damaged: its end is missing; copy'),
    'one bit': (FLIPPED, r'is damaged: the checksum of .*data/0 is wrong; copy'),
    'git-lfs': (LFS, r'is a pointer of git-lfs, .*run `git lfs pull`'),
    'text': ('weights, später\n'.encode(), r'is a text file, not weights; copy'),
    'page': (b' <!DOCTYPE html><html>404</html>', r'is a web page, not weights'),
    'torchscript': (
        content(lambda to: torch.jit.save(torch.jit.script(nn.Linear(2, 2)), to)),
        r'is a TorchScript archive.*ask its author for the state_dict',
    ),
    'other zip': (archive('readme.txt'), r'is a zip archive without weights'),
    'legacy cut': (LEGACY[: len(LEGACY) // 2], r'is cut, damaged or no file of wei'),
    'legacy stub': (LEGACY[:30], r'is cut, damaged or no file of weights'),
}


@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('way', ['path', 'stream'])
def test_what_is_wrong_is_said_in_one_line(tmp_path, case, way):
    raw, message = CASES[case]
    path = tmp_path / 'weights.pth'
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=rf'weights\.pth {message}') as error:
        read_weights(path if way == 'path' else path.open('rb'))
    assert len(str(error.value).splitlines()) == 1
    assert 'weights_only' not in str(error.value)


@pytest.mark.parametrize('part', [0.5, 0.02])
def test_a_cut_safetensors_file_is_named(tmp_path, part):
    whole = safetensors(tmp_path)
    path = tmp_path / 'w.safetensors'
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(ValueError, match=r'w\.safetensors is cut, damaged or no file'):
        read_weights(path)


def test_more_than_data_is_refused_and_unsafe_advice_left_out(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / 'module.pth')
    (tmp_path / 'random.pth').write_bytes(bytes(range(256)) * 9)
    for name in ('module', 'random'):
        message = rf'{name}\.pth is damaged or contains more than weights'
        with pytest.raises(pickle.UnpicklingError, match=message) as error:
            read_weights(tmp_path / f'{name}.pth')
        assert 'weights_only' not in str(error.value)


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
@pytest.mark.parametrize('kind', ['zip', 'legacy', 'safetensors'])
def test_good_files_are_told_apart_by_their_content(tmp_path, kind, suffix):
    made = dict(zip=ZIP, legacy=LEGACY, safetensors=safetensors(tmp_path))[kind]
    path = tmp_path / f'w{suffix}'
    path.write_bytes(made)
    for source in (path, str(path), path.open('rb'), io.BytesIO(made)):
        found = read_weights(source, 'cpu')
        found = found.get('state_dict', found)
        assert set(found) == set(WEIGHTS)
        assert all(torch.equal(found[key], WEIGHTS[key]) for key in WEIGHTS)


def test_no_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.pth does not exist; give'):
        read_weights(tmp_path / 'none.pth')
    with pytest.raises(FileNotFoundError, match=r'is a folder; give the path of a'):
        read_weights(str(tmp_path))


def test_other_readers_are_covered(tmp_path):
    path = tmp_path / 'v.npz'
    np.savez(path, a=np.ones((9, 9)))
    with readable_weights(path):
        assert np.load(path)['a'].shape == (9, 9)
    path.write_bytes(path.read_bytes()[:200])
    message = r'v\.npz is cut or damaged'
    with pytest.raises(ValueError, match=message), readable_weights(path):
        raise AssertionError('not reached')
    np.save(tmp_path / 'o.npy', np.array([{}]), allow_pickle=True)
    path, message = tmp_path / 'o.npy', r'o\.npy .*more than plain arrays'
    with pytest.raises(ValueError, match=message) as error, readable_weights(path):
        np.load(path)
    assert 'allow_pickle' not in str(error.value)


def test_a_file_is_known_by_its_sha256(tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(bytes(2**20) + b'abc')
    assert sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()
