import importlib.util
import json
from pathlib import Path

import pytest

from mvlr_mm.datasets import COCOMultiLabel

PATH = Path(__file__).parents[3] / 'tools/benchmarks/coco_loading.py'


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location('coco_loading', PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_file_is_genuine_json_and_deterministic(tool, tmp_path):
    paths = [tmp_path / name for name in ('a.json', 'b.json')]
    for path in paths:
        tool.write_file(path, images=5, boxes=30)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    content = json.loads(paths[0].read_text())
    assert [len(content[key]) for key in ('images', 'annotations')] == [5, 30]
    box = content['annotations'][0]
    assert box['iscrowd'] == 1
    assert set(box['segmentation']) == {'counts', 'size'}
    by_hand = [set() for _ in range(5)]
    for box in content['annotations']:
        by_hand[box['image_id']].add(box['category_id'] - 1)
    dataset = COCOMultiLabel(str(paths[0]), check_files=False)
    found = [dataset.get_data_info(i)['gt_label'] for i in range(5)]
    assert found == [sorted(labels) for labels in by_hand]


def test_measures_in_processes_of_their_own(tool, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        tool,
        'LOAD',
        'import json, sys\nprint(json.dumps(dict('
        'seconds=len(sys.argv), peak_mb=10, pictures=0)))',
    )
    out = tmp_path / 'out.json'
    tool.main(
        ['--folder', str(tmp_path), '--images', '3', '--boxes', '4', '--json', str(out)]
    )
    assert '| first load | 2.00 | 10 | 0 |' in capsys.readouterr().out
    assert json.loads(out.read_text())['imports alone']['seconds'] == 1
    # another size is another file, not the one that is there
    tool.main(['--folder', str(tmp_path), '--images', '6', '--boxes', '4'])
    sizes = {
        path.parent.name: len(json.loads(path.read_text())['images'])
        for path in tmp_path.glob(f'*/{tool.NAME}')
    }
    assert sizes == {'3_4': 3, '6_4': 6}
    with pytest.raises(SystemExit, match='2'):
        tool.main(['--folder', str(tmp_path), '--json', str(out)])
    assert 'exists; name another, or add --overwrite' in capsys.readouterr().err
