import json

import pytest

from mvlr_mm.projects.known import known_splits


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / 'pets'
    folder.mkdir()
    for split, names in (('train', 'ab'), ('val', 'c'), ('test', 'd')):
        lines = [json.dumps(dict(image=f'in/{x}.jpg', labels=[])) for x in names]
        (folder / f'{split}.jsonl').write_text('\n'.join(lines) + '\n')
    return folder


@pytest.mark.parametrize(
    ('pictures', 'root'), [('/photos', '/photos'), ('../photos', '{}/photos')]
)
def test_paths_are_those_of_the_pictures(project, tmp_path, pictures, root):
    (project / 'config.py').write_text(f'x = 1\npictures = {pictures!r}\n')
    root = root.format(tmp_path)
    assert known_splits(project) == {
        f'{root}/in/a.jpg': 'train',
        f'{root}/in/b.jpg': 'train',
        f'{root}/in/c.jpg': 'val',
        f'{root}/in/d.jpg': 'test',
    }


def test_a_name_may_hold_other_ends_of_lines(project):
    (project / 'config.py').write_text("pictures = '/photos'\n")
    record = dict(image='e\u2028\x85.jpg', labels=['a\u2029b'])
    (project / 'val.jsonl').write_text(json.dumps(record, ensure_ascii=False) + '\n')
    assert known_splits(project)['/photos/e\u2028\x85.jpg'] == 'val'


def test_where_there_is_no_project_nothing_is_known(project):
    assert known_splits(project) == {}
    assert known_splits(project / 'none') == {}


@pytest.mark.parametrize(
    ('name', 'text', 'reason'),
    [
        ('config.py', 'x = 1', 'does not say what `pictures` is'),
        ('config.py', 'pictures = here()', 'ValueError'),
        ('config.py', 'pictures = 3', 'TypeError'),
        ('val.jsonl', 'c.jpg,cat', 'JSONDecodeError'),
        ('val.jsonl', '{"name": "c.jpg"}', 'KeyError'),
        ('val.jsonl', None, 'FileNotFoundError'),
    ],
)
def test_lists_that_cannot_be_read_are_named(project, name, text, reason):
    (project / 'config.py').write_text("pictures = '/photos'\n")
    if text is None:
        (project / name).unlink()
    else:
        (project / name).write_text(text)
    with pytest.raises(ValueError, match=rf'pets is in cannot be .*{reason}.*--seed 0'):
        known_splits(project)
