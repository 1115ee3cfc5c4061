import json
import sys

import pytest
from mmcv.transforms import LoadImageFromFile
from mmengine.config import Config, ConfigDict

from mvlr_mm.datasets import MultiLabelList
from mvlr_mm.datasets.checking.splits import data_sets_of, read_splits

CLASSES = ['cat', 'dog', 'sea']


def part(root, name, lines, **more):
    """A list of pictures; nothing looks at the pictures themselves."""
    (root / f'{name}.jsonl').write_text('\n'.join(map(json.dumps, lines)))
    return dict(
        type='MultiLabelList',
        data_root=str(root),
        ann_file=f'{name}.jsonl',
        classes=CLASSES,
        pipeline=[dict(type='LoadImageFromFile')],
        **more,
    )


def record(image, labels, **more):
    return dict(image=image, labels=labels, **more)


def config(**datasets):
    return Config(
        {f'{key}_dataloader': dict(dataset=value) for key, value in datasets.items()}
    )


def test_labels_become_states(tmp_path):
    train = part(
        tmp_path, 'a', [record('1.jpg', [0, 2]), record('2.jpg', ['dog'], absent=[0])]
    )
    (split,) = read_splits(config(train=train))
    assert (split.name, split.classes) == ('train', tuple(CLASSES))
    assert split.paths == [f'{tmp_path}/1.jpg', f'{tmp_path}/2.jpg']
    assert split.states.tolist() == [[1, 0, 1], [0, 1, -1]]
    assert split.problems == []


def test_the_same_data_are_read_once(tmp_path):
    train = part(tmp_path, 'a', [record('1.jpg', [])])
    val = part(tmp_path, 'b', [record('2.jpg', [])])
    # what is done with the loaded pictures is no matter
    other = dict(val, pipeline=[*val['pipeline'], dict(type='PackInputs')])
    splits = read_splits(config(train=train, val=val, test=other))
    assert [split.name for split in splits] == ['train', 'val, test']


@pytest.mark.parametrize('load', [LoadImageFromFile, 'mmcv.LoadImageFromFile'])
def test_types_may_be_classes_as_in_new_configs(tmp_path, load):
    train = part(tmp_path, 'a', [record('1.jpg', [0])])
    train.update(
        type=MultiLabelList, pipeline=[dict(type=load, color_type='grayscale')]
    )
    (split,) = read_splits(config(train=train))
    assert split.problems == []
    assert [x.color_type for x in split.loaders] == ['grayscale']


def test_wrappers_are_opened(tmp_path):
    first = part(tmp_path, 'a', [record('1.jpg', [0])])
    second = part(tmp_path, 'b', [record('2.jpg', [1])])
    both = dict(type='ConcatDataset', datasets=[first, second])
    repeated = dict(type='RepeatDataset', times=3, dataset=both)
    (split,) = read_splits(config(train=repeated))
    assert split.states.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert [c.ann_file for c in data_sets_of(ConfigDict(repeated))] == [
        'a.jsonl',
        'b.jsonl',
    ]


def test_all_problems_of_the_annotations_are_kept(tmp_path):
    lines = [
        record('1.jpg', ['cow', 7]),
        record('', []),
        record('1.jpg', ['dog']),
        record('gone.jpg', []),  # opening it will tell
    ]
    (split,) = read_splits(config(train=part(tmp_path, 'a', lines)))
    texts = [
        "unknown label 'cow'",
        'label 7 is out',
        "image ('')",
        'lists',
    ]
    assert len(split.problems) == len(texts)
    assert all(t in p for t, p in zip(texts, split.problems, strict=True))
    assert len(split.paths) == 3


def test_where_every_record_is_wrong_each_is_named(tmp_path):
    """That nothing is left is told as what is wrong with each."""
    for lines, texts in (
        ([dict(file='1.jpg'), dict(file='2.jpg')], ['has no key', 'has no key']),
        ([], []),
    ):
        (split,) = read_splits(config(train=part(tmp_path, 'a', lines)))
        *found, last = split.problems
        assert [t in p for t, p in zip(texts, found, strict=True)] == [True] * len(
            texts
        )
        assert 'lists no picture to use' in last
        assert not split.classes  # so that nothing is drawn of it


def test_what_stops_the_reading_is_told_beside_what_did_not(tmp_path):
    lists = {'train': 'a\nb', 'cat_train': 'a 1\nb 7'}
    for name, text in lists.items():
        (tmp_path / f'{name}.txt').write_text(text)
    data = dict(data_root=str(tmp_path), ann_file='train.txt', source='lists')
    cfg = dict(type='VOCMultiLabel', classes=['cat', 'dog'], **data)
    (split,) = read_splits(config(train=cfg))
    line, lacking, missing = split.problems
    assert "cat_train.txt:2: 'b 7' must be" in line
    assert 'cat_train.txt has no line for 1 of the 2' in lacking
    assert f'cannot be built: {tmp_path}/dog_train.txt does not exist' in missing


def test_data_that_cannot_be_read_are_a_problem(tmp_path):
    good = part(tmp_path, 'a', [record('1.jpg', [])])
    bad = dict(good, ann_file='none.jsonl')
    train, val = read_splits(config(train=bad, val=good))
    assert train.paths == []
    assert 'MultiLabelList cannot be built: ann_file' in train.problems[0]
    assert len(val.paths) == 1
    (split,) = read_splits(config(train=dict(good, type='Nonsense')))
    assert 'Nonsense cannot be built' in split.problems[0]


def test_a_package_that_is_not_there_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'scipy.io', None)
    cfg = dict(type='PA100K', data_root=str(tmp_path), split='train')
    (split,) = read_splits(config(train=cfg))
    assert 'pip install "mvlr_mm[pa100k]"' in split.problems[0]


def test_mmpretrains_own_data_set_is_checked_too(tmp_path):
    content = dict(
        metainfo=dict(classes=CLASSES),
        data_list=[
            dict(img_path='1.jpg', gt_label=[0, 0]),
            dict(img_path='2.jpg', gt_label=[3, -1, 2]),
            dict(img_path='1.jpg', gt_label=[]),
        ],
    )
    (tmp_path / 'a.json').write_text(json.dumps(content))
    cfg = dict(type='MultiLabelDataset', data_root=str(tmp_path), ann_file='a.json')
    (split,) = read_splits(config(test=cfg))
    assert split.states.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    texts = [
        'records 0 and 2 both are',
        'a label occurs twice in [0, 0]',
        'label 3 is out of range; there are 3 classes',
        'label -1 is out of range',
    ]
    assert len(split.problems) == 4
    assert all(t in p for t, p in zip(texts, split.problems, strict=True))


def test_states_of_mmpretrains_own_data_set(tmp_path):
    content = dict(
        metainfo=dict(classes=CLASSES),
        data_list=[
            dict(img_path='1.jpg', gt_score=[1, 0, -1]),
            dict(img_path='2.jpg', gt_label=[1], gt_score=[0, 1]),
        ],
    )
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(content))
    cfg = dict(type='BaseDataset', data_root=str(tmp_path), ann_file='a.json')
    (split,) = read_splits(config(test=cfg))
    assert split.states.tolist() == [[1, 0, -1], [0, 0, 0]]
    (problem,) = split.problems
    assert '2.jpg: gt_score has the shape (2,), and must have (3,)' in problem
    path.write_text(json.dumps(content | dict(data_list=[])))
    (split,) = read_splits(config(test=dict(cfg, serialize_data=False)))
    assert split.problems == ['BaseDataset is empty']


def test_other_classes_inside_of_a_split(tmp_path):
    first = part(tmp_path, 'a', [record('1.jpg', [0])])
    second = dict(part(tmp_path, 'b', [record('2.jpg', [0])]), classes=CLASSES[::-1])
    (split,) = read_splits(config(train=dict(datasets=[first, second])))
    assert split.problems == ['MultiLabelList has other classes than the one before']
    assert len(split.paths) == 1


def test_a_config_without_data():
    with pytest.raises(ValueError, match='has none of train_dataloader, val_dataload'):
        read_splits(Config({}))


def test_pictures_are_loaded_as_the_pipeline_says(tmp_path):
    train = part(tmp_path, 'a', [record('1.jpg', [0]), record('2.jpg', [1])])
    steps = [dict(type='Resize', scale=8), dict(type='LoadPicture', bits=12)]
    for pipeline, wanted in (
        (train['pipeline'], 'LoadImageFromFile(ignore_empty=False'),
        (steps, 'LoadPicture(bits=12'),
        ([], 'LoadPicture(bits=None'),
    ):
        (split,) = read_splits(config(train=dict(train, pipeline=pipeline)))
        assert [repr(load)[: len(wanted)] for load in split.loaders] == [wanted] * 2


def test_notes_are_kept(tmp_path):
    train = part(tmp_path, 'a', [record('1.jpg', [True, False, True], x=1)])
    (split,) = read_splits(config(train=train))
    assert [
        "'x' not read" in split.notes[0],
        'values of 0 and 1' in split.notes[1],
    ] == [
        True,
        True,
    ]
    assert split.states.tolist() == [[1, 0, 1]]


@pytest.mark.parametrize(
    ('record', 'message'),
    [
        (dict(img_path='1.jpg'), '1.jpg has neither gt_label nor gt_score; write'),
        (dict(img_path='1.jpg', gt_label=['cat']), 'label cat is out of range'),
        (dict(img_path='1.jpg', gt_label=[0.5]), 'label 0.5 is out of range'),
        (
            dict(img_path='1.jpg', gt_label=[0, 1, 0]),
            'a label occurs twice in [0',
        ),
    ],
)
def test_labels_of_mmpretrains_own_that_are_not_understood(tmp_path, record, message):
    content = dict(metainfo=dict(classes=CLASSES), data_list=[record])
    (tmp_path / 'a.json').write_text(json.dumps(content))
    cfg = dict(type='MultiLabelDataset', data_root=str(tmp_path), ann_file='a.json')
    (split,) = read_splits(config(test=cfg))
    assert message in split.problems[0]
