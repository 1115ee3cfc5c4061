import json

import pytest
import torch

from mvlr_mm.models.clip import load_clip


def test_json_and_weights_give_the_model_that_was_saved(tiny_clip, reference_clip):
    files = tiny_clip()
    ours, reference = load_clip(**files), reference_clip(files)
    for name, value in reference.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name


def test_stock_name_builds_without_weights():
    assert load_clip('RN50-quickgelu').visual.output_dim == 1024


def test_openai_weights_need_quick_gelu():
    with pytest.raises(ValueError, match=r"QuickGELU.*'RN50-quickgelu'"):
        load_clip('RN50', 'openai')


def test_unknown_name_and_missing_files(tmp_path, tiny_clip):
    with pytest.raises(ValueError, match=r"model \('RN999'\) is neither"):
        load_clip('RN999')
    with pytest.raises(FileNotFoundError, match=r'model: no file at .*gone\.json'):
        load_clip(str(tmp_path / 'gone.json'))
    with pytest.raises(FileNotFoundError, match=r'pretrained: no file at .*gone'):
        load_clip(tiny_clip()['model'], str(tmp_path / 'gone.safetensors'))
    with pytest.raises(FileNotFoundError, match=r"open_clip has \['openai'"):
        load_clip('RN50-quickgelu', 'opanai')


def test_json_that_is_no_clip_config(tmp_path):
    path = tmp_path / 'x.json'
    path.write_text('{"embed_dim": 4')
    with pytest.raises(ValueError, match=r'x\.json\) is not valid json'):
        load_clip(str(path))
    path.write_text(json.dumps(dict(embed_dim=4)))
    with pytest.raises(ValueError, match=r'lacks vision_cfg, text_cfg'):
        load_clip(str(path))
