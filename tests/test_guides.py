import re
from pathlib import Path

import pytest
from mmengine.config import Config

import mvlr_mm  # noqa: F401 (registers the parts)

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / 'docs/guides/data_sets.md').read_text(encoding='utf-8')
CONFIGS = [b for b in re.findall(r'```python\n(.*?)```', GUIDE, re.S) if '_base_' in b]


def read(folder, text):
    path = folder / 'child.py'
    path.write_text(text.replace("'./", f"'{ROOT}/configs/mvlr/"))
    return Config.fromfile(path)


@pytest.mark.parametrize('text', CONFIGS)
def test_every_config_of_the_guide_is_one(tmp_path, text):
    cfg = read(tmp_path, text)
    train, val, test = (
        cfg[f'{name}_dataloader'].dataset for name in ('train', 'val', 'test')
    )
    assert val == test
    assert train.type == val.type
    assert train.pipeline != val.pipeline
    (line,) = (line for line in text.splitlines() if line.startswith('_base_'))
    base = read(tmp_path, line)
    for found, before in ((train, base.train_dataloader), (val, base.val_dataloader)):
        assert found != before.dataset
        assert found.pipeline == before.dataset.pipeline


def test_the_guide_has_configs_of_every_public_set():
    for name in ('coco', 'voc07', 'nuswide'):
        assert any(f'rn101_{name}.py' in text for text in CONFIGS)


def test_every_section_says_where_what_and_how_to_check():
    sections = re.split(r'^## ', GUIDE, flags=re.M)
    sets = ('Your own pictures', 'COCO', 'PASCAL VOC', 'NUS-WIDE', 'PA-100K')
    for title in sets:
        (text,) = (s for s in sections if s.startswith(f'{title}\n'))
        assert '```text\ndata/' in text
        (config,) = re.findall(r'^Check: `.*mvlr verify (.*)`', text, re.M)
        assert (ROOT / config).is_file()
        anchor = title.lower().replace(' ', '-')
        assert f'data_sets.md#{anchor})' in (ROOT / 'README.md').read_text()
