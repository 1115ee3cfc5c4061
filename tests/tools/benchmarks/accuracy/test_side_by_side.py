import argparse
import json

import pytest
from benchmarks.accuracy import side_by_side


@pytest.fixture
def folders(tmp_path):
    """Three folders: 10 and 50 % of the labels known, and all."""
    rows = {
        'known_0.1': {'known': 0.1, 'seed': 0, 'rest': 'unknown'},
        'known_0.5': {'known': 0.5, 'seed': 0, 'rest': 'unknown'},
        'all': {},
    }
    for i, (name, supervision) in enumerate(rows.items()):
        seeds = {'0': {'mAP': 50.0 + i}, '1': {'mAP': 52.0 + i}}
        content = dict(
            supervision=supervision,
            rows=[dict(name='a_b', seeds=seeds), dict(name='c', seeds={})],
        )
        (tmp_path / name).mkdir()
        (tmp_path / name / 'accuracy.json').write_text(json.dumps(content))
    return [str(tmp_path / name) for name in rows]


def run(*words):
    parser = argparse.ArgumentParser()
    side_by_side.add_arguments(parser)
    return side_by_side.run(parser.parse_args(words))


def test_a_column_for_each_folder_and_a_picture(folders, tmp_path, capsys):
    out = tmp_path / 'known.md'
    assert run(*folders, '--out', str(out)) == 0
    text = out.read_text()
    assert capsys.readouterr().out.strip() in text
    lines = [line.replace(' ', '') for line in text.splitlines() if '|' in line]
    assert lines[0] == '|row|10%|50%|100%|'
    assert lines[2] == r'|a\_b|51.00±1.41|52.00±1.41|53.00±1.41|'
    assert lines[3] == '|c||||'
    assert out.with_suffix('.png').is_file()
    with pytest.raises(FileExistsError, match='--overwrite'):
        run(*folders, '--out', str(out))
    assert run(*folders, '--out', str(out), '--overwrite') == 0


def test_the_table_is_not_replaced_by_its_picture(folders, tmp_path):
    with pytest.raises(ValueError, match=r'--out .*table\.png is where the picture'):
        run(*folders, '--out', str(tmp_path / 'table.png'))
    assert not (tmp_path / 'table.png').exists()


def test_folders_that_differ_otherwise_have_no_picture(folders, tmp_path):
    path = tmp_path / 'all/accuracy.json'
    content = json.loads(path.read_text()) | {'supervision': {'unseen': ['cat']}}
    path.write_text(json.dumps(content))
    run(*folders, '--out', str(tmp_path / 'table.md'))
    assert '| all |' in ' '.join((tmp_path / 'table.md').read_text().split())
    assert not (tmp_path / 'table.png').exists()


def test_ways_to_take_unknown_labels_have_columns_of_their_own(folders, tmp_path):
    content = json.loads((tmp_path / 'known_0.1/accuracy.json').read_text())
    content['supervision']['rest'] = 'absent'
    for share in (0.1, 0.2):
        content['supervision']['known'] = share
        (tmp_path / f'absent_{share}').mkdir()
        path = tmp_path / f'absent_{share}/accuracy.json'
        path.write_text(json.dumps(content))
    same, other = (str(tmp_path / f'absent_{share}') for share in (0.1, 0.2))
    out = tmp_path / 'known.md'
    run(folders[0], same, '--out', str(out))
    assert '|row|10%|10%,othersabsent|' in out.read_text().replace(' ', '')
    run(folders[0], other, '--out', str(out), '--overwrite')
    assert not out.with_suffix('.png').exists()
    run(same, other, folders[2], '--out', str(out), '--overwrite')
    assert out.with_suffix('.png').exists()


def test_what_cannot_stand_side_by_side(folders, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'there is no accuracy\.json'):
        run(str(tmp_path))
    with pytest.raises(ValueError, match='another folder is 10 % as well'):
        run(folders[0], folders[0])
    with pytest.raises(ValueError, match="--number 'unseen mAP': no run"):
        run(*folders, '--number', 'unseen mAP')
