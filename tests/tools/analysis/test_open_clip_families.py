import importlib.util
import sys
from pathlib import Path

import pytest

for library in ('tokenizers', 'transformers'):
    pytest.importorskip(library)
FOLDER = Path(__file__).parents[3] / 'tools' / 'analysis'
ONE_OF_EACH = [
    'coca_ViT-B-32',
    'coca_base',
    'convnext_large_d',
    'convnext_tiny',
    'EVA01-g-14',
    'EVA02-B-16',
    'MobileCLIP-B',
    'MobileCLIP-S1',
    'MobileCLIP2-L-14',
    'nllb-clip-base',
    'PE-Core-T-16-384',
    'RN50-quickgelu',
    'swin_base_patch4_window7_224',
    'ViT-B-16-SigLIP',
    'ViT-B-16-SigLIP2',
    'ViT-B-32',
    'ViT-L-14-CLIPA',
    'ViT-L-14-worldwide',
    'ViT-H-14-worldwide',
    'ViT-SO400M-16-SigLIP-i18n-256',
    'ViTamin-S',
    'vit_medium_patch16_gap_256',
    'vit_relpos_medium_patch16_cls_224',
]


@pytest.fixture(scope='module')
def tool():
    sys.path.insert(0, str(FOLDER))
    name = 'open_clip_families'
    spec = importlib.util.spec_from_file_location(name, FOLDER / f'{name}.py')
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name], sys.modules['small_clips']
    sys.path.remove(str(FOLDER))


@pytest.mark.parametrize('name', ONE_OF_EACH)
def test_each_family_is_open_clips_or_refused(tool, tmp_path, name):
    row = tool.check(name, tmp_path)
    assert row.pooled < 1e-5
    assert row.alone < 1e-5
    assert row.encoded < 1e-5 or 'HFTextEncoder' in row.refused


def test_the_families_are_all(tool):
    def families(names):
        configs = [tool.open_clip.get_model_config(name) for name in names]
        images = {tool.image_family(config['vision_cfg']) for config in configs}
        return images, {tool.text_family(config['text_cfg']) for config in configs}

    assert families(tool.open_clip.list_models()) == families(ONE_OF_EACH)


def test_a_wrong_tower_is_counted(tool, monkeypatch, capsys):
    monkeypatch.setattr(tool, 'check_image', lambda *_args: (0.0, 0.5))
    monkeypatch.setattr(tool, 'check_text', lambda *_args: 0.0)
    assert tool.main(['RN50-quickgelu']) == 1
    assert '0 of 1 right or refused' in capsys.readouterr().out
