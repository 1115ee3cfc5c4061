import pytest

from mvlr_mm.datasets import NUSWIDECSV
from mvlr_mm.datasets.checking.problems import CollectedProblems
from mvlr_mm.labels.known import NUSWIDE_CLASSES

HEADINGS = 'filepath,label,split_name\n'
TEXT = HEADINGS + (
    'images/a.jpg,"[sky, clouds]",train\n'
    "images\\b.jpg,\"['tree', 'sky']\",val\n"
    'images/c.jpg,[sun],train\n'
    'images/d.jpg,[],train\n'
)


def make(folder, text=TEXT, split='train', **options):
    (folder / 'images').mkdir(exist_ok=True)
    for name in 'abcd':
        (folder / f'images/{name}.jpg').touch()
    data = text if isinstance(text, bytes) else text.encode()
    (folder / 'data.csv').write_bytes(data)
    return NUSWIDECSV('data.csv', split, str(folder), **options)


def labels(dataset):
    return [
        [NUSWIDE_CLASSES[i] for i in dataset.get_data_info(row)['gt_label']]
        for row in range(len(dataset))
    ]


def test_both_splits(tmp_path):
    train, val = make(tmp_path), make(tmp_path, split='val')
    assert labels(train) == [['clouds', 'sky'], ['sun'], []]
    assert labels(val) == [['sky', 'tree']]
    assert val.get_data_info(0)['img_path'] == f'{tmp_path}/images/b.jpg'
    assert train.metainfo['classes'] == NUSWIDE_CLASSES


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (
            'a.jpg,[sunsets],train\n',
            r"data.csv:2: unknown label 'sunsets'.* nearest: 'sunset'",
        ),
        ('a.jpg,[sky]\n', r"data.csv:2: the line must have a path, labels .* not \['a"),
        ('a.jpg,[sky],test\n', r"data.csv:2: the line must .*'train' or 'val'"),
        ('a.jpg,,train\n', r'data.csv:2: the line must have a path, labels'),
        (',[sky],train\n', r'data.csv:2: the line must have a path, labels'),
        ('a.jpg, ,train\n', r'data.csv:2: the line must have a path, labels'),
        ('a.jpg,"[,]",train\n', r"data.csv:2: unknown label ','"),
        ('a.jpg,[sky clouds],train\n', r"data.csv:2: unknown label 'sky clouds'"),
        ('a.jpg,"[sky, sky]",train\n', r"data.csv:2 has 'sky' twice; keep it once"),
        ('a.jpg,[sky],val\n', r'data.csv\) lists no picture to use'),
        ('a.jpg,[sky],train\na.jpg,[],train\n', r'csv:3 lists .*, as .*csv:2 does'),
        (b'\xe9.jpg,[sky],train\n', r'is not UTF-8: byte 26 is 0xe9'),
    ],
)
def test_a_bad_file_is_explained(tmp_path, text, message):
    text = (HEADINGS.encode() if isinstance(text, bytes) else HEADINGS) + text
    with pytest.raises(ValueError, match=message):
        make(tmp_path, text)


def test_a_file_without_headings_loses_no_picture(tmp_path):
    message = r"data.csv:1: the first line must be headings, not \['a.jpg', .*'train'\]"
    with pytest.raises(ValueError, match=message):
        make(tmp_path, 'a.jpg,[sky],train\nb.jpg,[sky],train\n')
    with pytest.raises(ValueError, match=r'data.csv:1: the first line must be heading'):
        make(tmp_path, 'images/a.jpg,[sky],test\nimages/b.jpg,[sky],train\n')


def test_a_quote_that_never_ends(tmp_path):
    with pytest.raises(
        ValueError, match=r'data.csv:\d+ is not valid csv: field larger'
    ):
        make(tmp_path, HEADINGS + 'a.jpg,"[sky],train\n' + 'b.jpg,[sky],val\n' * 9999)


def test_a_missing_picture(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r'1 of the 4 pictures .* first: .*e.jpg'
    ):
        make(tmp_path, TEXT + 'images/e.jpg,[sky],train\n')


def test_every_problem_is_collected(tmp_path):
    text = HEADINGS + 'a.jpg,[x],train\nb.jpg\nc.jpg,[sky],train\n'
    problems = CollectedProblems()
    assert labels(make(tmp_path, text, problems=problems, check_files=False)) == [
        ['sky']
    ]
    assert len(problems.found) == 2


def test_unknown_split():
    with pytest.raises(ValueError, match=r"split \('test'\) must be one of \('train'"):
        NUSWIDECSV('a.csv', 'test')
