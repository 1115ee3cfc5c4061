import json

import open_clip
import pytest

from mvlr_mm.models.clip import read_clip_config


def test_a_name_gives_a_copy_of_open_clips_config():
    config = read_clip_config('RN50')
    assert config == open_clip.get_model_config('RN50')
    config['vision_cfg']['width'] = 1
    assert read_clip_config('RN50')['vision_cfg']['width'] == 64


def test_a_json_may_hold_more_than_the_model(tmp_path):
    config = dict(embed_dim=4, vision_cfg={}, text_cfg={})
    path = tmp_path / 'open_clip_config.json'
    path.write_text(json.dumps(dict(model_cfg=config, preprocess_cfg={})))
    assert read_clip_config(str(path)) == config


def test_what_is_no_config_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"model \('RN999'\) is neither"):
        read_clip_config('RN999')
    with pytest.raises(FileNotFoundError, match=r'model: no file at .*gone\.json'):
        read_clip_config(str(tmp_path / 'gone.json'))
    path = tmp_path / 'x.json'
    for text in ('{"embed_dim": 4', b'\xff\xfe'):
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        with pytest.raises(ValueError, match=r'x\.json\) is not valid json'):
            read_clip_config(str(path))
    for text in ('{"embed_dim": 4}', '[4]'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r'lacks .*vision_cfg, text_cfg'):
            read_clip_config(str(path))


def test_the_content_of_a_json_may_stand_for_its_path():
    named = read_clip_config('RN50')
    given = read_clip_config(named)
    assert given == named
    given['vision_cfg']['width'] = 1
    assert named['vision_cfg']['width'] == 64
    with pytest.raises(ValueError, match='model is no open_clip config: it lacks'):
        read_clip_config({'embed_dim': 16})
