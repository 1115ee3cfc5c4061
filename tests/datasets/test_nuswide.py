import logging

import numpy as np
import pytest

from mvlr_mm.datasets import NUSWIDE, nuswide
from mvlr_mm.datasets.checking.problems import CollectedProblems
from mvlr_mm.datasets.formats.columns import read_image_list
from mvlr_mm.labels.known import NUSWIDE_CLASSES

TRAIN = [r'actor\0001_2124494179.jpg', r'zoos\0002_1.jpg', r'actor\0003_3.jpg']
TEST = [r'actor\0004_4.jpg', r'zoos\0005_5.jpg']
EVERY = [TRAIN[1], TEST[0], TRAIN[0], TEST[1], TRAIN[2]]
LABELS = {
    TRAIN[0]: [0, 3],
    TRAIN[1]: [],  # without labels: dropped
    TRAIN[2]: [80],
    TEST[0]: [80],
    TEST[1]: [2],
}
WANTED = {'train': [[0, 3], [80]], 'test': [[80], [2]]}


def table(files):
    rows = np.zeros((len(files), 81), dtype=int)
    for row, file in zip(rows, files, strict=True):
        row[LABELS[file]] = 1
    return rows


def write(root, form):
    """The genuine lists with Windows line ends, and labels in one of three forms."""
    for folder in ('ImageList', 'Groundtruth/AllLabels', 'Groundtruth/TrainTestLabels'):
        (root / folder).mkdir(parents=True)
    lists = {'Imagelist': EVERY, 'TrainImagelist': TRAIN, 'TestImagelist': TEST}
    for name, files in lists.items():
        text = '\r\n'.join(files) + '\r\n'
        (root / f'ImageList/{name}.txt').write_bytes(text.encode())
    for file in EVERY:
        path = root / 'Flickr' / file.replace('\\', '/')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    truth = root / 'Groundtruth'
    for part, files in (('Train', TRAIN), ('Test', TEST)):
        if form == 'merged':
            lines = [' '.join(map(str, row)) + ' \n' for row in table(files)]
            (truth / f'Labels_{part}.txt').write_text(''.join(lines))
        for concept, column in zip(NUSWIDE_CLASSES, table(files).T, strict=True):
            if form == 'split':
                text = '\n'.join(map(str, column)) + '\n'
                path = truth / f'TrainTestLabels/Labels_{concept}_{part}.txt'
                path.write_text(text)
    if form == 'all':
        for concept, column in zip(NUSWIDE_CLASSES, table(EVERY).T, strict=True):
            text = '\r\n'.join(map(str, column)) + '\r\n'
            (truth / f'AllLabels/Labels_{concept}.txt').write_bytes(text.encode())
    return str(root)


def labels(dataset):
    return [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]


@pytest.mark.parametrize('form', ['merged', 'split', 'all'])
@pytest.mark.parametrize('split', ['train', 'test'])
def test_every_form_of_the_labels_gives_the_same(tmp_path, form, split):
    dataset = NUSWIDE(write(tmp_path, form), split)
    assert labels(dataset) == WANTED[split]
    assert dataset.metainfo['classes'] == NUSWIDE_CLASSES
    first = {'train': '0001_2124494179', 'test': '0004_4'}[split]
    path = dataset.get_data_info(0)['img_path']
    assert path == f'{tmp_path}/Flickr/actor/{first}.jpg'


@pytest.fixture
def said(monkeypatch):
    texts = []
    monkeypatch.setattr(nuswide, 'print_log', lambda text, *_: texts.append((text, *_)))
    return texts


def test_another_count_than_the_official_one_is_said(tmp_path, said, monkeypatch):
    root = write(tmp_path, 'merged')
    NUSWIDE(root, 'train')
    text, _, level = said[0]
    assert '2 pictures have a label, but 125,449 have in the official lists' in text
    assert level == logging.WARNING
    monkeypatch.setitem(nuswide.COUNTS, 'train', 2)
    NUSWIDE(root, 'train')
    assert len(said) == 1


def test_official_counts():
    assert nuswide.COUNTS == {'train': 125_449, 'test': 83_898}
    assert sum(nuswide.COUNTS.values()) == 209_347


def test_a_missing_picture(tmp_path):
    root = write(tmp_path, 'merged')
    (tmp_path / 'Flickr/actor/0003_3.jpg').unlink()
    message = r'1 of the 2 pictures in .*TrainImagelist.txt do not exist, first: .*0003'
    with pytest.raises(FileNotFoundError, match=message):
        NUSWIDE(root, 'train')
    assert len(NUSWIDE(root, 'train', check_files=False)) == 2


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (lambda t: t.replace('1', '2', 1), r"Labels_Train.txt:1: '2' must be 0 or 1"),
        (lambda t: t.replace('1', '-1', 1), r"Labels_Train.txt:1: '-1' must be 0 or 1"),
        (lambda t: t + '0 ' * 81, r'Labels_Train.txt has 4 rows, .* has 3 pictures'),
        (lambda t: t[:-20], r'Labels_Train.txt:3 has \d\d numbers and must have 81'),
        (
            lambda t: t.replace(' \n0', ' 0\n', 1),
            r'Train.txt:1 has 82 numbers and must',
        ),
        (lambda t: t[:-163], r'Labels_Train.txt has 2 rows, .* has 3 pictures'),
        (lambda t: t + 'é', r"Labels_Train.txt:4: 'é' must be 0 or 1"),
    ],
)
def test_bad_labels(tmp_path, spoil, message):
    root = write(tmp_path, 'merged')
    path = tmp_path / 'Groundtruth/Labels_Train.txt'
    path.write_text(spoil(path.read_text()))
    with pytest.raises(ValueError, match=message):
        NUSWIDE(root, 'train')


def test_a_missing_or_renamed_concept(tmp_path):
    root = write(tmp_path, 'split')
    folder = tmp_path / 'Groundtruth/TrainTestLabels'
    (folder / 'Labels_surf_Train.txt').rename(folder / 'Labels_surfing_Train.txt')
    with pytest.raises(
        FileNotFoundError, match=r'Labels_surf_Train.txt does not exist'
    ):
        NUSWIDE(root, 'train')
    problems = CollectedProblems()
    assert len(NUSWIDE(root, 'train', check_files=False, problems=problems)) == 2
    assert len(problems.found) == 1


def test_no_labels_at_all(tmp_path):
    message = r'no labels: none of .*Labels_Train.txt, .*AllLabels.* such as airport'
    with pytest.raises(FileNotFoundError, match=message):
        NUSWIDE(write(tmp_path, 'none'), 'train')


def test_lists_that_do_not_belong_together(tmp_path):
    root = write(tmp_path, 'all')
    with (tmp_path / 'ImageList/TrainImagelist.txt').open('a') as file:
        file.write('new\\0009_9.jpg\n')
    message = r'1 pictures are not in Imagelist.txt beside it, first: new/0009_9.jpg'
    with pytest.raises(ValueError, match=message):
        NUSWIDE(root, 'train')


def test_a_picture_twice(tmp_path):
    root = write(tmp_path, 'merged')
    path = tmp_path / 'ImageList/TestImagelist.txt'
    path.write_text('\n'.join([TEST[0], TEST[0]]))
    with pytest.raises(ValueError, match=r'labelled picture 1 lists .*0004_4.jpg, as'):
        NUSWIDE(root, 'test')


def test_an_empty_list(tmp_path):
    root = write(tmp_path, 'merged')
    (tmp_path / 'ImageList/TestImagelist.txt').write_text('')
    (tmp_path / 'Groundtruth/Labels_Test.txt').write_text('')
    with pytest.raises(ValueError, match=r'TestImagelist.txt\) lists no picture'):
        NUSWIDE(root, 'test')


def test_unknown_split():
    with pytest.raises(ValueError, match=r"split \('val'\) must be one of \('train'"):
        NUSWIDE('nowhere', 'val')


@pytest.mark.parametrize('form', ['merged', 'split', 'all'])
def test_files_may_begin_with_a_byte_order_mark(tmp_path, form):
    root = write(tmp_path, form)
    for path in [*tmp_path.glob('ImageList/*'), *tmp_path.glob('Groundtruth/**/*.txt')]:
        path.write_bytes(b'\xef\xbb\xbf' + path.read_bytes())
    assert labels(NUSWIDE(root, 'train')) == WANTED['train']


def test_names_are_read_by_line_feeds_alone(tmp_path):
    path = tmp_path / 'list.txt'
    path.write_bytes('a/1\u2028x.jpg\r\nb/2\x0by.jpg\n'.encode())
    assert read_image_list(str(path)) == ['a/1\u2028x.jpg', 'b/2\x0by.jpg']


def test_a_picture_twice_in_the_list_of_all(tmp_path):
    root = write(tmp_path, 'all')
    with (tmp_path / 'ImageList/Imagelist.txt').open('a') as file:
        file.write(TRAIN[0])
    with pytest.raises(ValueError, match=r'Imagelist.txt has actor/0001.* twice, so'):
        NUSWIDE(root, 'train')
