import json
import re
import tracemalloc

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmpretrain.registry import DATASETS, MODELS
from torch.utils.data import DataLoader

from mvlr_mm.datasets import MultiLabelList
from mvlr_mm.datasets.checking.problems import CollectedProblems

CLASSES = ['cat', 'traffic light', 'dog']


def make(folder, text, name='list.jsonl', pictures=('a.jpg', 'b.jpg'), **more):
    for picture in pictures:
        (folder / 'images' / picture).parent.mkdir(parents=True, exist_ok=True)
        (folder / 'images' / picture).touch()
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)
    options = dict(classes=CLASSES, data_root=str(folder), data_prefix='images')
    # serialized data are collected as garbage every time, which takes long
    return MultiLabelList(name, serialize_data=False, **{**options, **more})


def labels(dataset):
    return [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]


def line(image='a.jpg', labels=()):
    return json.dumps(dict(image=image, labels=list(labels), caption='x'))


def test_jsonl_takes_names_indices_and_none(tmp_path):
    text = '\n'.join([line('a.jpg', ['dog', 0]), '', line('b.jpg', ['1'])])
    dataset = make(tmp_path, text + '\n')
    assert labels(dataset) == [[0, 2], [1]]
    assert dataset.metainfo['classes'] == tuple(CLASSES)
    assert dataset.get_data_info(0)['img_path'] == f'{tmp_path}/images/a.jpg'


@pytest.mark.parametrize(
    ('name', 'sep', 'text'),
    [
        ('l.csv', None, 'image,labels\na.jpg,dog; traffic light\nb.jpg,\n'),
        ('l.csv', None, '\ufeffid,image,labels\r\n1,a.jpg,1;2\r\n2,b.jpg,\r\n'),
        ('l.csv', ',', 'image,labels\na.jpg,"dog,traffic light"\nb.jpg,""\n'),
        ('l.csv', '|', 'labels,image\ndog|traffic light,a.jpg\n,b.jpg\n'),
        ('l.csv', ' ', 'image,labels\na.jpg,2 1\nb.jpg,\n'),
        ('l.txt', None, 'a.jpg dog 1\nb.jpg\t\n'),
        ('l.txt', ',', 'a.jpg\ttraffic light,dog\r\nb.jpg\t\r\n'),
    ],
)
def test_csv_and_text_separators(tmp_path, name, sep, text):
    assert labels(make(tmp_path, text, name, sep=sep)) == [[1, 2], []]


def test_text_paths_may_contain_spaces_before_a_tab(tmp_path):
    dataset = make(tmp_path, 'my a.jpg\tdog\n', 'l.txt', ['my a.jpg'])
    assert dataset.get_data_info(0)['img_path'].endswith('/my a.jpg')


def test_a_name_that_looks_like_an_index_is_the_name(tmp_path):
    dataset = make(tmp_path, line('a.jpg', ['0']), classes=['1', '0'])
    assert labels(dataset) == [[1]]
    dataset = make(tmp_path, line('a.jpg', ['1', 0]), classes=['0', '1', '2'])
    assert labels(dataset) == [[0, 1]]
    digits = [str(i) for i in range(1, 10)]
    with pytest.raises(ValueError, match=r"unknown label '0', not among the 9 classes"):
        make(tmp_path, line('a.jpg', ['0']), classes=digits)
    with pytest.raises(ValueError, match=r"label 0 can be an index, '1', or a name"):
        make(tmp_path, line('a.jpg', [0]), classes=digits)


@pytest.mark.parametrize('name', ['names.json', 'names.txt'])
def test_classes_from_a_file_below_the_data_root(tmp_path, name):
    as_json = name.endswith('json')
    text = json.dumps(CLASSES) if as_json else '\n'.join(CLASSES)
    (tmp_path / name).write_text(text)
    assert labels(make(tmp_path, line(labels=['dog']), classes=name)) == [[2]]


def test_classes_of_a_public_set_by_its_name(tmp_path):
    dataset = make(tmp_path, line(labels=['dog']), classes='coco')
    assert labels(dataset) == [[16]]
    assert len(dataset.metainfo['classes']) == 80


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (
            line(labels=['trafic lights']),
            r"list.jsonl:1: unknown label 'trafic lights', not among the 3 classes; "
            r"nearest: 'traffic light'",
        ),
        (line(labels=['Dog']), r"unknown label 'Dog'.* nearest: 'dog'"),
        (line() + '\n' + line(labels=[3]), r'list.jsonl:2: label 3 is out of range.*2'),
        (line(labels=[-1]), r'label -1 is out of range'),
        (line(labels=['-1']), r'label -1 is out of range'),
        (line(labels=['9' * 5000]), r"list.jsonl:1: unknown label '9999"),
        (line(labels=[1.0]), r'label 1.0 must be a name or an index'),
        (line(labels=[True]), r'label True must be a name or an index'),
        ('{"image": "a.jpg"}', r"list.jsonl:1 has no key 'labels'; it needs"),
        ('{"labels": []}', r"list.jsonl:1 has no key 'image'"),
        ('{"image": "a.jpg", "labels": "dog"}', r"labels \('dog'\) must be a list"),
        ('{"image": null, "labels": []}', r'image \(None\) must be a path'),
        ('[]', r'list.jsonl:1 must be a json object with .*, not list'),
        (line()[:-4], r'list.jsonl:1 is not valid json, or was cut off'),
        ('\n\n', r'ann_file \(.*list.jsonl\) lists no picture'),
        (line().encode() + b'\xe9', r'is not UTF-8: byte \d+ is 0xe9; save'),
    ],
)
def test_a_bad_list_is_explained(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path, text)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a.jpg,dog\n', r"l.csv:1: the first line must name the columns 'image' and"),
        ('', r'l.csv:1: the first line must name .* it names \[\]'),
        ('image,labels\na.jpg,dog,cat\n', r'l.csv:2: the line must have 2 columns'),
        ('image,labels\na.jpg\n', r'l.csv:2: the line must have 2 columns'),
        ('image,labels\na,cat\n"b,cat\nc,cat\n', r'l.csv:3-4: .*quote that opens'),
        ('image,labels\n\na.jpg,cow\n', r"l.csv:3: unknown label 'cow'"),
    ],
)
def test_a_bad_csv_is_explained(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path, text, 'l.csv')


def test_missing_pictures_are_counted_before_training(tmp_path):
    text = '\n'.join([line('a.jpg'), line('c.jpg'), line('sub/d.jpg')])
    message = (
        r'2 of the 3 pictures in .*list.jsonl do not exist, first: .*c.jpg, .*d.jpg'
    )
    with pytest.raises(FileNotFoundError, match=message):
        make(tmp_path, text)
    assert len(make(tmp_path, text, check_files=False)) == 3


def test_pictures_may_lie_in_folders(tmp_path):
    assert len(make(tmp_path, line('x/y.jpg'), pictures=['x/y.jpg'])) == 1


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none.csv\) does not exist; check'):
        MultiLabelList('none.csv', CLASSES, str(tmp_path))


def test_an_empty_separator_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"sep \(''\) must be a string"):
        make(tmp_path, line(), sep='')


def test_real_pictures_through_workers(shared_data):
    cfg = dict(
        type='MultiLabelList',
        data_root=str(shared_data / 'coco18'),
        ann_file='val.jsonl',
        data_prefix='images',
        classes='classes.json',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(32, 32)),
            dict(type='PackInputs'),
        ],
    )
    dataset = DATASETS.build(cfg)
    lines = (shared_data / 'coco18/val.jsonl').read_text().splitlines()
    assert labels(dataset) == [sorted(json.loads(one)['labels']) for one in lines]
    loader = DataLoader(dataset, 64, num_workers=2, collate_fn=default_collate)
    found = [
        sample.gt_label.tolist() for batch in loader for sample in batch['data_samples']
    ]
    assert found == labels(dataset)


def states(dataset):
    return [dataset.get_data_info(i)['gt_score'].tolist() for i in range(len(dataset))]


def record(image, labels, **more):
    return json.dumps(dict(image=image, labels=labels, **more))


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        (
            'l.jsonl',
            record('a.jpg', ['dog'], absent=['cat']) + '\n' + record('b.jpg', [0]),
        ),
        (
            'l.jsonl',
            record('a.jpg', ['dog'], unknown=[1])
            + '\n'
            + record('b.jpg', ['cat'], unknown=[]),
        ),
        ('l.csv', 'image,labels,unknown\na.jpg,dog,1\nb.jpg,cat,\n'),
        ('l.csv', 'image,absent,labels\na.jpg,cat,dog\nb.jpg,1;dog,cat\n'),
    ],
)
def test_partially_labelled_records(tmp_path, name, text):
    dataset = make(tmp_path, text, name)
    assert states(dataset) == [[0, -1, 1], [1, 0, 0]]
    assert labels(dataset) == [[2], [0]]


def test_an_empty_absent_list_leaves_all_else_unknown(tmp_path):
    assert states(make(tmp_path, record('a.jpg', ['cat'], absent=[]))) == [[1, -1, -1]]


def test_full_labels_have_no_third_state(tmp_path):
    dataset = make(tmp_path, record('a.jpg', ['cat']))
    assert 'gt_score' not in dataset.get_data_info(0)


def test_mmpretrain_carries_unknown_labels_to_the_loss(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((8, 8, 3), np.uint8))
    text = record('a.png', ['dog'], absent=['cat'])
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
    (tmp_path / 'l.jsonl').write_text(text)
    dataset = MultiLabelList('l.jsonl', CLASSES, str(tmp_path), pipeline=pipeline)
    batch = default_collate([dataset[0]])
    sample = batch['data_samples'][0]
    assert sample.gt_score.tolist() == [0, -1, 1]
    head = MODELS.build(
        dict(type='MultiLabelClsHead', loss=dict(type='LogitAsymmetricLoss'))
    )
    preprocess = MODELS.build(dict(type='ClsDataPreprocessor', num_classes=3))
    samples = preprocess(batch, training=True)['data_samples']
    logits = torch.tensor([[0.5, 7.0, -0.5]], requires_grad=True)
    loss = head.loss((logits,), samples)['loss']
    loss.backward()
    p = torch.tensor([0.5, -0.5]).sigmoid()
    expected = -(p[0] ** 2 * (1 - p[0]).log() + p[1].log())
    torch.testing.assert_close(loss.detach(), expected)
    assert logits.grad[0, 1] == 0
    assert (logits.grad[0, [0, 2]] != 0).all()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (
            record('a.jpg', [0], absent=[], unknown=[]),
            r'list.jsonl:1 has both absent and unknown; keep one',
        ),
        (
            record('a.jpg', [0], absent=[2, 'cat']),
            r"list.jsonl:1: 'cat' is in labels and in absent; keep it in one",
        ),
        (record('a.jpg', [], unknown=['cow']), r"list.jsonl:1: unknown label 'cow'"),
        (record('a.jpg', [], unknown=3), r'list.jsonl:1: unknown \(3\) must be a list'),
        (
            record('b.jpg', []) + '\n\n' + record('b.jpg', [1]),
            r'list.jsonl:3 lists .*b.jpg, as .*list.jsonl:1 does already; write one',
        ),
    ],
)
def test_contradictions_are_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path, text)


def test_several_separators(tmp_path):
    text = 'image,labels\na.jpg,dog|traffic light\nb.jpg,dog / cat\n'
    dataset = make(tmp_path, text, 'l.csv', sep=['|', '/'])
    assert labels(dataset) == [[1, 2], [0, 2]]


def test_a_public_sets_own_spelling_is_known(tmp_path):
    dataset = make(tmp_path, line(labels=['diningtable', 'sofa']), classes='voc')
    assert labels(dataset) == [[10, 17]]


def test_every_problem_is_collected(tmp_path):
    text = '\n'.join(
        [
            line('a.jpg', ['cow', 9, 'cat']),
            '{"image": "b.jpg"',
            line('b.jpg', ['dog']),
            line('b.jpg'),
            line(''),
        ]
    )
    problems = CollectedProblems()
    dataset = make(tmp_path, text, problems=problems)
    found = problems.found
    assert [re.sub(r'.*list.jsonl:', '', one)[:24] for one in found] == [
        '2 is not valid json, or ',
        "1: unknown label 'cow', ",
        '1: label 9 is out of ran',
        "5: image ('') must be a ",
        '3 does already; write on',
    ]
    assert labels(dataset) == [[0], [2], []]


def test_a_bad_line_of_a_csv_is_left_out_where_problems_are_collected(tmp_path):
    problems, text = CollectedProblems(), 'image,labels\na.jpg\nb.jpg,dog\n'
    dataset = make(tmp_path, text, 'l.csv', problems=problems)
    found = problems.found
    assert ['l.csv:2: the line must have 2' in one for one in found] == [True]
    assert labels(dataset) == [[2]]


def test_a_broken_csv_is_explained(tmp_path):
    text = 'image,labels\na.jpg,"' + 'x' * 200_000 + '"\n'
    with pytest.raises(ValueError, match=r'l.csv:\d is not valid csv: field larger'):
        make(tmp_path, text, 'l.csv')


def test_letters_may_be_composed_or_not(tmp_path):
    dataset = make(tmp_path, line('a.jpg', ['cafe\u0301']), classes=['x', 'caf\u00e9'])
    assert labels(dataset) == [[1]]


ONE_HOT = [[1, 0, 1, 0], [0, 0, 0, 0]]
FOUR = ['cat', 'dog', 'sea', 'sky']


def written(rows, form):
    """The same values a class in one of the forms of a list."""
    texts = [[str(value) for value in row] for row in rows]
    if form == 'jsonl':
        return '\n'.join(
            line(f'{n}.jpg', row) for n, row in zip('ab', rows, strict=True)
        )
    lines = [f'{n}.jpg,{" ".join(row)}' for n, row in zip('ab', texts, strict=True)]
    if form == 'csv':
        return '\n'.join(['image,labels', *lines])
    return '\n'.join(lines).replace(',', ' ')


@pytest.mark.parametrize('form', ['jsonl', 'csv', 'txt'])
def test_one_value_a_class_is_understood_and_said(tmp_path, form):
    problems = CollectedProblems()
    options = dict(classes=FOUR, sep=' ', problems=problems)
    dataset = make(tmp_path, written(ONE_HOT, form), f'l.{form}', **options)
    assert labels(dataset) == [[0, 2], []]
    assert problems.found == []
    assert (
        'every record has 4 values of 0 and 1, which are read as' in problems.notes[-1]
    )


@pytest.mark.parametrize('cell', ['1 0 1 0', '"[1, 0, 1, 0]"', '1;0;1;0', '[1;0;1;0]'])
def test_one_value_a_class_in_any_kind_of_cell(tmp_path, cell):
    text = f'image,labels\na.jpg,{cell}\n'
    assert labels(make(tmp_path, text, 'l.csv', classes=FOUR)) == [[0, 2]]
    with pytest.raises(ValueError, match=r'l.csv:2(: unknown label| has the label)'):
        make(tmp_path, f'{text}b.jpg,dog\n', 'l.csv', classes=FOUR)


@pytest.mark.parametrize('values', [[True, False, True, False], [1.0, 0.0, 1.0, 0.0]])
def test_one_value_a_class_may_be_true_or_a_real_number(tmp_path, values):
    assert labels(make(tmp_path, line('a.jpg', values), classes=FOUR)) == [[0, 2]]


@pytest.mark.parametrize('form', ['jsonl', 'csv', 'txt'])
def test_values_that_do_not_fit_everywhere_are_an_error(tmp_path, form):
    text = written([ONE_HOT[0], [0, 1]], form)
    message = r":\d has the label 'dog' twice; .* or write 4 values of 0 and 1 in every"
    with pytest.raises(ValueError, match=message.replace('dog', '(dog|cat)')):
        make(tmp_path, text, f'l.{form}', classes=FOUR, sep=' ')


@pytest.mark.parametrize(
    ('classes', 'rows', 'wanted'),
    [
        (['cat', 'dog'], [[1, 0], [1, 1]], [[0], [0, 1]]),
        (['cat', 'dog'], [[1, 0], [1]], [[0, 1], [1]]),
        (['cat'], [[1], [0]], [[0], []]),
        (['cat'], [[], [0]], [[], [0]]),
    ],
)
def test_few_classes(tmp_path, classes, rows, wanted):
    assert labels(make(tmp_path, written(rows, 'jsonl'), classes=classes)) == wanted


@pytest.mark.parametrize(
    ('classes', 'rows'), [(['cat', 'dog'], [[1, 0], [0, 1]]), (['cat'], [[0], [0]])]
)
def test_what_can_be_either_is_an_error(tmp_path, classes, rows):
    with pytest.raises(ValueError, match=r'can be indices, or one value of 0 or 1 a'):
        make(tmp_path, written(rows, 'jsonl'), classes=classes)


def test_zeros_and_ones_that_are_names(tmp_path):
    text = line('a.jpg', ['1', '0', '2'])
    assert labels(make(tmp_path, text, classes=['2', '1', '0'])) == [[0, 1, 2]]


def test_a_label_twice_is_not_merged(tmp_path):
    for found in (['dog', 'dog'], ['dog', 2], [2, '2']):
        with pytest.raises(
            ValueError, match=r":1 has the label 'dog' twice; keep it on"
        ):
            make(tmp_path, line('a.jpg', found))
    with pytest.raises(ValueError, match="has the label 'cat' twice"):
        make(tmp_path, record('a.jpg', [], absent=['cat', 0]))


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('l.csv', 'image,labels\na.jpg,dog\nb.jpg,cat\na.jpg,cat\n'),
        ('l.txt', 'a.jpg dog\nb.jpg 0\na.jpg 0\n'),
        (
            'l.jsonl',
            '\n'.join([line('a.jpg', [2]), line('b.jpg', [0]), line('a.jpg', [0])]),
        ),
    ],
)
def test_one_row_a_label_is_understood_and_said(tmp_path, name, text):
    problems = CollectedProblems()
    dataset = make(tmp_path, text, name, problems=problems)
    assert labels(dataset) == [[0, 2], [0]]
    assert 'the rows are put together: 3 rows, 2 pictures' in problems.notes[-1]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (
            'a.jpg,dog\na.jpg,cat;dog\n',
            'does already; write one record, with the labels',
        ),
        ('a.jpg,dog\na.jpg,\n', 'does already; write one record'),
        ('a.jpg,dog\na.jpg,dog\n', "l.csv:3 gives a.jpg the label 'dog', as .*l.csv:2"),
        ('a.jpg,dog\n./a.jpg,cat\n', r'l.csv:3 lists .*, as .*l.csv:2 does already'),
    ],
)
def test_repeated_pictures_that_are_no_such_list(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path, f'image,labels\n{text}', 'l.csv')


@pytest.mark.parametrize('name', ['l.ndjson', 'l.NDJSON'])
def test_ndjson_is_jsonl(tmp_path, name):
    assert labels(make(tmp_path, '\ufeff' + line('a.jpg', ['dog']), name)) == [[2]]


def test_a_json_array(tmp_path):
    text = json.dumps(
        [dict(image='a.jpg', labels=['dog']), dict(image='b.jpg', labels=[3])]
    )
    problems = CollectedProblems()
    dataset = make(tmp_path, '\ufeff' + text, 'l.json', problems=problems)
    assert labels(dataset) == [[2], []]
    assert 'l.json: record 1: label 3 is out of range' in problems.found[0]


def test_absolute_paths_stay(tmp_path):
    text = line(str(tmp_path / 'images/a.jpg'), ['dog'])
    assert (
        make(tmp_path, text).get_data_info(0)['img_path'] == f'{tmp_path}/images/a.jpg'
    )
    dataset = make(tmp_path, line('s3://b/a.jpg', ['dog']), check_files=False)
    assert dataset.get_data_info(0)['img_path'] == 's3://b/a.jpg'


def test_the_home_folder(tmp_path, monkeypatch):
    make(tmp_path, line('a.jpg', ['dog']))
    (tmp_path / 'names.txt').write_text('\n'.join(CLASSES))
    monkeypatch.setenv('HOME', str(tmp_path.parent))
    root = f'~/{tmp_path.name}'
    dataset = MultiLabelList('list.jsonl', 'names.txt', root, 'images')
    assert dataset.get_data_info(0)['img_path'] == f'{tmp_path}/images/a.jpg'


def test_what_is_known_of_many_labels_takes_a_byte_each(tmp_path):
    """Of ten thousand labels a picture leaves nearly all unknown."""
    names = [f'label {i}' for i in range(2000)]
    lines = [record(f'{i}.jpg', [i], absent=[i + 1]) for i in range(100)]
    tracemalloc.start()
    found = make(tmp_path, '\n'.join(lines), classes=names, check_files=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.get_data_info(5)['gt_score'] == 0).nonzero()[0].tolist() == [6]
    assert peak < 10 * 100 * 2000
