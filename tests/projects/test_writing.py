import json

import pytest

from mvlr_mm.config import read_config
from mvlr_mm.datasets.checking.problems import CollectedProblems
from mvlr_mm.projects.backbones import Recipe
from mvlr_mm.projects.record import Record
from mvlr_mm.projects.writing import (
    FILES,
    check_apart,
    check_project,
    writable,
    write_project,
)

RECIPE = Recipe('', 'mvlr_custom.py', '\nimg_size = 64\n')


def write(folder, pictures):
    splits = dict(
        train=[Record('', f'{pictures}/x/a.jpg', ['cat'])],
        val=[Record('', f'{pictures}/b.jpg', [], unknown=['dog'])],
        test=[Record('', f'{pictures}/x/c.jpg', ['dög'], absent=[])],
    )
    write_project(folder, splits, ['cat', 'dog', 'dög'], RECIPE, folder / "it's")
    return read_config(folder / 'config.py')


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize('name', ['plain', "it's mine", 'ä $HOME {{x'])
def test_the_config_finds_lists_names_and_pictures(tmp_path, name):
    if '{' in name:
        with pytest.raises(ValueError, match='cannot stand in a config'):
            check_project(tmp_path / name, overwrite=False)
        return
    folder = tmp_path / name
    cfg = write(folder, tmp_path / 'photos')
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert rows(folder / 'train.jsonl') == [dict(image='x/a.jpg', labels=['cat'])]
    assert rows(folder / 'val.jsonl')[0]['unknown'] == ['dog']
    assert rows(folder / 'test.jsonl')[0]['absent'] == []
    for split in ('train', 'val', 'test'):
        data = cfg[f'{split}_dataloader'].dataset
        assert (data.data_root, data.data_prefix) == (str(folder), f'{tmp_path}/photos')
        assert data.ann_file == f'{split}.jsonl'
        assert data.pipeline[1].scale == (64, 64)
    assert cfg.model.neck.prompt.classes == f'{folder}/classes.json'


def test_a_project_moves_with_pictures_inside_of_it(tmp_path):
    write(tmp_path / 'old', tmp_path / 'old/photos')
    (tmp_path / 'old').rename(tmp_path / 'new')
    cfg = read_config(tmp_path / 'new/config.py')
    data = cfg.train_dataloader.dataset
    assert (data.data_root, data.data_prefix) == (f'{tmp_path}/new', 'photos')


@pytest.mark.parametrize('name', FILES)
def test_nothing_is_replaced_unasked(tmp_path, name):
    check_project(tmp_path / 'new', overwrite=False)
    (tmp_path / name).touch()
    check_project(tmp_path, overwrite=True)
    with pytest.raises(FileExistsError, match=f'{name} exists'):
        check_project(tmp_path, overwrite=False)


def test_a_project_never_replaces_its_source(tmp_path):
    source = tmp_path / 'train.jsonl'
    source.touch()
    check_apart(tmp_path / 'project', [source])
    with pytest.raises(FileExistsError, match=r'would replace .*train.jsonl, which it'):
        check_apart(tmp_path, [source])


def test_a_name_that_is_not_utf8_is_a_problem():
    # the folder that all are in stands in the config, where it is escaped
    records = [Record(f'l:{i}', f'/\udce9/{x}', []) for i, x in enumerate('a\udce9b')]
    problems = CollectedProblems()
    assert writable(records, problems) == [records[0], records[2]]
    (found,) = problems.found
    assert writable([], problems) == []
    assert found.startswith(r"l:1: the name of the picture, '\udce9', is not UTF-8")


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_a_project_is_replaced_whole_or_not_at_all(tmp_path, split):
    write(tmp_path, '/photos')
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    parts = ('train', 'val', 'test')
    splits = {name: [Record('x', f'/new/{name}.jpg', ['cat'])] for name in parts}
    splits[split].append(Record('l:7', '/new/\udce9.jpg', []))
    with pytest.raises(ValueError, match=r'l:7: the name of the picture, .*udce9\.jpg'):
        write_project(tmp_path, splits, ['cat'], RECIPE, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
