import importlib.util
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PAGE = """\
# Accuracy

## coco18, the tower frozen

| of something else | mAP |
| --- | ---: |
| other | 1.00 ± 0.00 |

| system     |          OF1 |          mAP |          CF1 |
| ---------- | -----------: | -----------: | -----------: |
| my\\_system | 70.10 ± 0.10 | 66.25 ± 0.30 | 60.00 ± 0.20 |
| mvlr       | 70.20 ± 0.10 | 65.50 ± 0.40 | 61.00 ± 0.20 |
| 4: names   | 70.30 ± 0.10 | 64.50 ± 0.40 | 62.00 ± 0.20 |

| system | mAP |
| --- | ---: |
| later | 2.00 ± 0.00 |

## ucm17, the tower frozen

| system | mAP | CF1 | OF1 |
| --- | ---: | ---: | ---: |
| mvlr | 93.00 ± 0.10 | 92.00 ± 0.10 | 91.00 ± 0.10 |

## coco18, the trunk's last blocks training

| system | mAP | CF1 | OF1 |
| --- | ---: | ---: | ---: |
| mvlr | 68.00 ± 0.10 | 63.00 ± 0.10 | 71.00 ± 0.10 |

## ucm17, the trunk's last blocks training

| system | mAP | CF1 | OF1 |
| --- | ---: | ---: | ---: |
| mvlr | 95.00 ± 0.10 | 90.00 ± 0.10 | 86.00 ± 0.10 |
"""
README = """\
# My system

| config | what |
|---|---|
| `my_system_custom_small-clip.py` | it |

```bash
python a.py
```

What differs.
"""
METAFILE = """\
# What this is.
Models:
  - Name: my_system_rn101_coco
    Config: configs/my_system/my_system_rn101_coco.py
    Metadata:
      Published:
        COCO 2014 mAP: 85.0
  - Name: my_system_custom_small-clip
    Config: configs/my_system/my_system_custom_small-clip.py
"""
ROW = '| my\\_system | 66.25 ± 0.30 |  |  |  |\n'
MVLR = '| mvlr | 65.50 ± 0.40 | 93.00 ± 0.10 | 68.00 ± 0.10 | 95.00 ± 0.10 |\n'


@pytest.fixture(scope='module')
def tool():
    path = ROOT / 'tools/analysis/config_results.py'
    spec = importlib.util.spec_from_file_location('config_results', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path):
    """A project of one system, of which nothing was entered."""
    for name in ('docs/benchmarks', 'configs/my_system'):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / 'docs/benchmarks/accuracy_frozen.md').write_text(PAGE, encoding='utf-8')
    (tmp_path / 'configs/my_system/README.md').write_text(README)
    (tmp_path / 'configs/my_system/metafile.yml').write_text(METAFILE)
    return tmp_path


def enter(tool, root):
    """Write what the tool would, and return the page and the metafile."""
    for path, text in tool.entered(root).items():
        path.write_text(text, encoding='utf-8')
    folder = root / 'configs/my_system'
    return [
        (folder / name).read_text(encoding='utf-8')
        for name in ('README.md', 'metafile.yml')
    ]


def test_everything_that_was_measured_is_entered(tool):
    old = [
        str(path.relative_to(ROOT))
        for path, text in tool.entered(ROOT).items()
        if path.read_text(encoding='utf-8') != text
    ]
    assert not old, f'python tools/analysis/config_results.py would change {old}'


def test_the_page_gets_its_table_behind_the_commands(tool, root):
    page, _ = enter(tool, root)
    before, after = README.split('What differs.')
    assert page.startswith(before)
    assert page.endswith(f'What differs.{after}')
    assert ROW + MVLR + '\nWhat differs.' in page


def test_the_metafile_gets_the_means_and_keeps_the_rest(tool, root):
    _, text = enter(tool, root)
    assert text.startswith(METAFILE)
    published, measured = yaml.safe_load(text)['Models']
    assert 'Results' not in published
    assert measured['Results'] == [
        {
            'Task': 'Multi-Label Classification',
            'Dataset': 'coco18, the CLIP frozen',
            'Metrics': {'mAP': 66.25, 'CF1': 60.0, 'OF1': 70.1},
        }
    ]


def test_entering_twice_is_entering_once(tool, root):
    assert enter(tool, root) == enter(tool, root)


def test_new_numbers_take_the_place_of_the_old(tool, root):
    first = enter(tool, root)
    page = root / 'docs/benchmarks/accuracy_frozen.md'
    page.write_text(PAGE.replace('66.25', '67.25'), encoding='utf-8')
    assert enter(tool, root) == [text.replace('66.25', '67.25') for text in first]


def test_what_is_no_longer_measured_goes(tool, root):
    enter(tool, root)
    page = root / 'docs/benchmarks/accuracy_frozen.md'
    rows = [line for line in PAGE.splitlines(True) if 'my\\_system' not in line]
    page.write_text(''.join(rows), encoding='utf-8')
    assert enter(tool, root) == [README, METAFILE]


def test_a_missing_section_is_named(tool):
    with pytest.raises(ValueError, match='has a section "coco18, the tower frozen"'):
        tool.read_measured(['# Accuracy\n\n## Another\n'])


def test_a_section_without_its_table_is_named(tool):
    page = PAGE.replace('| system | mAP | CF1', '| row | mAP | CF1')
    with pytest.raises(ValueError, match=r'"ucm17, the tower frozen" has no table'):
        tool.read_measured([page])
