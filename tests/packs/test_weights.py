import json
import struct
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from mvlr_mm.packs import build, read_pack


@pytest.fixture
def small(folder, sign):
    """Write weights into a pack, and give it the checksums of them."""

    def write(content):
        (folder / 'model.safetensors').write_bytes(content)
        sign(folder)
        return folder

    return write


def header(text, data=b''):
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack('<Q', len(text)) + text + data


ENTRY = {'dtype': 'F32', 'shape': [1], 'data_offsets': [0, 4]}


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'\x00' * 7,
        struct.pack('<Q', 2**63) + b'{}',
        struct.pack('<Q', 2**40) + b'{' * 100,
        header(b'{' * 1000),
        header(b'{"a":' * 100_000),
        header(b'not json'),
        header({'a': ENTRY}),
        header({'a': ENTRY}, b'\x00' * 3),
        header({'a': ENTRY}, b'\x00' * 5),
        header({'a': {**ENTRY, 'data_offsets': [4, 0]}}, b'\x00' * 4),
        header({'a': {**ENTRY, 'data_offsets': [0, 2**62]}}, b'\x00' * 4),
        header({'a': {**ENTRY, 'shape': [2**62, 4]}}, b'\x00' * 4),
        header({'a': {**ENTRY, 'shape': [-1]}}, b'\x00' * 4),
        header({'a': {**ENTRY, 'dtype': 'PICKLE'}}, b'\x00' * 4),
        header({'a': ENTRY, 'b': ENTRY}, b'\x00' * 4),
    ],
)
def test_what_is_no_file_of_weights(small, content):
    with pytest.raises(ValueError, match=r'model\.safetensors holds no weights: .'):
        read_pack(small(content))


class Runs:
    """Whose pickle would run something."""

    def __reduce__(self):
        return (exec, ('raise SystemExit("it has run")',))


def test_a_pickle_under_the_name_is_not_run(small, tmp_path):
    torch.save({'state_dict': Runs()}, tmp_path / 'bad.pth')
    with pytest.raises(ValueError, match='holds no weights'):
        read_pack(small((tmp_path / 'bad.pth').read_bytes()))


def test_one_weight_more_or_less_or_of_another_type(packed, small):
    weights = load((packed / 'model.safetensors').read_bytes())
    name = 'head.log_scale'
    changes = (
        {k: v for k, v in weights.items() if k != name},
        weights | {'head.hook': torch.ones(1)},
        weights | {name: torch.ones(3)},
    )
    for changed in changes:
        folder = small(save(changed))
        with pytest.raises(ValueError, match=r'does not fit the model'):
            build(read_pack(folder))


@pytest.mark.parametrize('name', ['label_record', 'text_encoder.left_out'])
@pytest.mark.parametrize('text', [b'', b'{}', b'[' * 100_000, b'{"classes": 1}'])
def test_odd_json_within_the_weights(packed, name, text):
    pack = read_pack(packed)
    record = torch.frombuffer(bytearray(text or b' '), dtype=torch.uint8)
    weights = pack.weights | {f'neck.prompt.{name}': record}
    with pytest.raises(ValueError, match=str(packed)):
        build(replace(pack, weights=weights))


def test_damaged_headers_do_no_more_than_stop_it(packed, small):
    content = (packed / 'model.safetensors').read_bytes()
    size = 8 + struct.unpack('<Q', content[:8])[0]
    rng = np.random.default_rng(0)
    loaded = 0
    for _ in range(40):
        damaged = bytearray(content)
        for place in rng.integers(0, size, rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        with suppress(ValueError):  # and no other
            pack = read_pack(small(bytes(damaged)))
            loaded += 1
            if loaded < 6:
                build(pack)
