import cv2
import numpy as np
import pytest
from PIL import Image

from mvlr_mm.datasets.checking.splits import Split
from mvlr_mm.datasets.checking.verification import Problem, count_problems, verify
from mvlr_mm.datasets.transforms import LoadPicture

CLASSES = ('cat', 'dog')


@pytest.fixture
def pictures(tmp_path):
    """Five different pictures, copies of two of them, and a broken one."""
    for i in range(5):
        pixels = np.random.default_rng(i).integers(0, 255, (30, 30, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'{i}.png')
    for copy, of in (('copy0', 0), ('copy1', 1)):
        content = (tmp_path / f'{of}.png').read_bytes()
        (tmp_path / f'{copy}.png').write_bytes(content)
    (tmp_path / 'bad.png').write_bytes((tmp_path / '4.png').read_bytes()[:-2000])
    return lambda *names: [str(tmp_path / f'{name}.png') for name in names]


def split(name, paths, states, problems=(), classes=CLASSES):
    states = np.array(states, np.int8)
    loaders = [LoadPicture()] * len(paths)
    return Split(name, classes, paths, states, list(problems), ['x'], loaders)


def short(problems, tmp_path):
    return [(p.kind, p.text.replace(f'{tmp_path}/', '')) for p in problems]


def test_good_data_have_no_problem(pictures):
    splits = [
        split('train', pictures(0, 1), [[0, 1], [1, -1]]),
        split('test', pictures(2), [[0, 0]]),
    ]
    assert verify(splits, workers=1) == ([], ['train: x', 'test: x'])


def test_every_kind_of_problem_is_found(pictures, tmp_path):
    train = pictures(0, 'copy0', 1, 'bad', 'gone')
    splits = [
        split('train', train, [[0, 1], [1, 0], [1, 1], [0, 0], [0, 0]], ['a.csv:3 is']),
        split('val', pictures('copy1', 2), [[1, 1], [0, 0]]),
        split('test', pictures(3, 2), [[0, 1]] * 2, classes=('dog', 'cat')),
    ]
    seen = []

    def track(items, total):
        seen.append(total)
        return items

    problems = verify(splits, 2, track).problems
    assert short(problems, tmp_path) == [
        ('annotation', 'train: a.csv:3 is'),
        (
            'annotation',
            'test: its 2 classes are not the 2 of train, or in another order.',
        ),
        ('picture', problems[2].text.replace(f'{tmp_path}/', '')),
        ('picture', 'train: gone.png does not exist.'),
        (
            'duplicate',
            'the same picture, and their labels differ: train 0.png, train copy0.png.',
        ),
        (
            'shared',
            'the same picture, with the same labels: train 1.png, val copy1.png.',
        ),
        ('shared', 'the same picture, and their labels differ: val 2.png, test 2.png.'),
    ]
    assert 'bad.png cannot be decoded: ' in problems[2].text
    assert seen == [8]  # distinct paths: 2.png is opened once


def test_files_that_could_not_be_read_are_not_the_same_picture(pictures, tmp_path):
    for name in ('empty0', 'empty1'):
        (tmp_path / f'{name}.png').touch()
    paths = pictures('empty0', 'empty1', 'gone0', 'gone1')
    problems, _ = verify([split('train', paths, [[0, 0]] * 4)], 1)
    assert [problem.kind for problem in problems] == ['picture'] * 4


def test_counts():
    problems = [
        Problem('picture', 'a'),
        Problem('shared', 'b'),
        Problem('picture', 'c'),
    ]
    assert count_problems(problems) == dict(picture=2, shared=1)


def test_how_16_bit_pictures_are_read_is_said(tmp_path):
    tops = (1000, 4000, 4001)
    paths = [str(tmp_path / f'{top}.png') for top in tops]
    for path, top in zip(paths, tops, strict=True):
        cv2.imwrite(path, np.full((4, 4), top, np.uint16))
    three = split('train', paths, [[0, 0]] * 3)
    problems, notes = verify([three], 1)
    assert problems == []
    assert notes[1] == (
        'train: 16-bit pictures are read: 1 as 10 bits, 2 as 12 bits, which scales '
        'their brightness differently: LoadPicture(bits=12) takes one scale for all.'
    )
    three = three._replace(loaders=[LoadPicture(bits=12)] * 3)
    assert verify([three], 1).notes[1] == (
        'train: 16-bit pictures are read: 3 as 12 bits.'
    )
