import pytest

from mvlr_mm.datasets import VOCMultiLabel
from mvlr_mm.datasets.checking.problems import CollectedProblems
from mvlr_mm.labels.known import VOC_CLASSES, VOC_NAMES

OBJECT = """
    <object>
        <name>{name}</name>
        <pose>Left</pose>
        <truncated>1</truncated>
        <difficult>{difficult}</difficult>
        <bndbox><xmin>263</xmin><ymin>211</ymin><xmax>324</xmax><ymax>339</ymax></bndbox>
        <part><name>head</name></part>
    </object>"""
XML = """<annotation>
    <folder>VOC2007</folder>
    <filename>{id}.jpg</filename>
    <source><database>The VOC2007 Database</database><image>flickr</image></source>
    <size><width>500</width><height>375</height><depth>3</depth></size>
    <segmented>0</segmented>{objects}
</annotation>
"""
# (name, difficult) of the objects
PICTURES = {
    '000005': [('chair', 0), ('chair', 1), ('diningtable', 0)],
    '000007': [('car', 1), ('person', 0)],
    '000009': [('horse', 1), ('horse', 1)],
    '2008_000002': [('tvmonitor', 0)],
}
CHAIR, CAR, TABLE, HORSE, PERSON, TV = 8, 6, 10, 12, 14, 19


def index(name):
    return VOC_NAMES.index(name)


def write(root, pictures=PICTURES, part='trainval'):
    """Both genuine forms of the labels, and the pictures."""
    for folder in ('ImageSets/Main', 'Annotations', 'JPEGImages'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    main = root / 'ImageSets/Main'
    (main / f'{part}.txt').write_text('\n'.join(pictures) + '\n')
    for name, objects in pictures.items():
        (root / f'JPEGImages/{name}.jpg').touch()
        text = ''.join(OBJECT.format(name=n, difficult=d) for n, d in objects)
        xml = XML.format(id=name, objects=text)
        (root / f'Annotations/{name}.xml').write_text(xml)
    for label in VOC_NAMES:
        lines = []
        for name, objects in pictures.items():
            found = [difficult for n, difficult in objects if n == label]
            value = -1 if not found else 0 if all(found) else 1
            lines.append(f'{name} {value:2d}\n')
        (main / f'{label}_{part}.txt').write_text(''.join(lines))
    return str(root)


def labels(dataset):
    return [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]


def left_out(dataset):
    found = []
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        states = info['gt_score']
        assert (states == 1).nonzero()[0].tolist() == info['gt_label']
        found.append((states == -1).nonzero()[0].tolist())
    return found


SURE = [[CHAIR, TABLE], [PERSON], [], [TV]]
WITH_DIFFICULT = [[CHAIR, TABLE], [CAR, PERSON], [HORSE], [TV]]
ONLY_DIFFICULT = [[], [CAR], [HORSE], []]


@pytest.mark.parametrize('source', ['xml', 'lists'])
@pytest.mark.parametrize(
    ('training', 'evaluation'),
    [
        ('positive', 'ignored'),  # ML-GCN, and SALGL
        ('negative', 'negative'),  # SSGRL
        ('negative', 'ignored'),  # CSRA
        (None, None),  # the default is ML-GCN's
    ],
)
def test_the_lines_of_the_papers(tmp_path, source, training, evaluation):
    root = write(tmp_path)
    train = VOCMultiLabel(root, source=source, difficult=training)
    wanted = SURE if training == 'negative' else WITH_DIFFICULT
    assert labels(train) == wanted
    assert 'gt_score' not in train.get_data_info(0)
    test = VOCMultiLabel(root, source=source, difficult=evaluation, test_mode=True)
    assert labels(test) == SURE
    if evaluation == 'negative':
        assert 'gt_score' not in test.get_data_info(0)
    else:
        assert left_out(test) == ONLY_DIFFICULT


def test_names_are_readable_and_paths_the_pictures(tmp_path):
    dataset = VOCMultiLabel(write(tmp_path))
    assert dataset.metainfo['classes'] == VOC_CLASSES
    assert VOC_CLASSES[TABLE] == 'dining table'
    path = dataset.get_data_info(3)['img_path']
    assert path == f'{tmp_path}/JPEGImages/2008_000002.jpg'


@pytest.mark.parametrize('source', ['xml', 'lists'])
def test_another_part(tmp_path, source):
    write(tmp_path)
    root = write(tmp_path, {'000001': [('dog', 0)]}, part='test')
    dataset = VOCMultiLabel(root, 'ImageSets/Main/test.txt', source=source)
    assert labels(dataset) == [[index('dog')]]


def test_own_classes_in_vocs_format(tmp_path):
    root = write(tmp_path, {'1': [('chair', 0), ('person', 0)]})
    dataset = VOCMultiLabel(root, classes=['person', 'chair'])
    assert labels(dataset) == [[0, 1]]
    assert dataset.metainfo['classes'] == ('person', 'chair')


def test_a_renamed_class_is_named(tmp_path):
    root = write(tmp_path, {'000005': [('chair', 0), ('dining table', 0)]})
    message = (
        r"000005.xml: object 1: unknown label 'dining table', not among the 20 "
        r"classes; nearest: 'diningtable'"
    )
    with pytest.raises(ValueError, match=message):
        VOCMultiLabel(root)


def test_a_renamed_list_is_named(tmp_path):
    root = write(tmp_path)
    main = tmp_path / 'ImageSets/Main'
    (main / 'sofa_trainval.txt').rename(main / 'sofas_trainval.txt')
    message = r'sofa_trainval.txt does not exist; nearest: sofas_trainval.txt'
    with pytest.raises(FileNotFoundError, match=message):
        VOCMultiLabel(root, source='lists')


def test_a_missing_picture(tmp_path):
    root = write(tmp_path)
    (tmp_path / 'JPEGImages/000007.jpg').unlink()
    message = r'1 of the 4 pictures in .*trainval.txt do not exist, first: .*000007.jpg'
    with pytest.raises(FileNotFoundError, match=message):
        VOCMultiLabel(root)
    assert len(VOCMultiLabel(root, check_files=False)) == 4


def test_a_missing_annotation(tmp_path):
    root = write(tmp_path)
    (tmp_path / 'Annotations/000007.xml').unlink()
    with pytest.raises(FileNotFoundError, match=r'000007.xml does not exist; check'):
        VOCMultiLabel(root)


@pytest.mark.parametrize(
    'spoil', [lambda b: b[:-30], lambda b: b + b'\xff', lambda b: b'']
)
def test_a_spoilt_annotation(tmp_path, spoil):
    root = write(tmp_path)
    path = tmp_path / 'Annotations/000009.xml'
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(
        ValueError, match=r'000009.xml is not valid xml, was cut off, or'
    ):
        VOCMultiLabel(root)


@pytest.mark.parametrize('encoding', ['foo', 'gbk'])
def test_an_encoding_that_cannot_be_read(tmp_path, encoding):
    root = write(tmp_path)
    path = tmp_path / 'Annotations/000009.xml'
    path.write_text(f'<?xml version="1.0" encoding="{encoding}"?><annotation/>')
    with pytest.raises(ValueError, match=r'000009.xml is not valid xml, .* encoding'):
        VOCMultiLabel(root)


@pytest.mark.parametrize('line', ['000005', '000005 2', '000005 1 1', '000005 x'])
def test_a_bad_line_in_a_class_list(tmp_path, line):
    root = write(tmp_path)
    (tmp_path / 'ImageSets/Main/bird_trainval.txt').write_text(f'000007 -1\n{line}\n')
    message = r"bird_trainval.txt:2: '000005.*' must be a picture's id and 1"
    with pytest.raises(ValueError, match=message):
        VOCMultiLabel(root, source='lists')


def test_lists_that_lack_a_picture(tmp_path):
    root = write(tmp_path)
    with (tmp_path / 'ImageSets/Main/trainval.txt').open('a') as file:
        file.write('000099\n')
    message = r'aeroplane_trainval.txt has no line for 1 of the 5 .* first: 000099'
    with pytest.raises(ValueError, match=message):
        VOCMultiLabel(root, source='lists')


def test_a_picture_twice(tmp_path):
    root = write(tmp_path)
    (tmp_path / 'ImageSets/Main/trainval.txt').write_text('000005\n000007\n000005\n')
    message = r'picture 2 lists .*000005.jpg, as .*picture 0 does already'
    with pytest.raises(ValueError, match=message):
        VOCMultiLabel(root)


def test_an_empty_part(tmp_path):
    with pytest.raises(ValueError, match=r'trainval.txt\) lists no picture to use'):
        VOCMultiLabel(write(tmp_path, {}))


def test_another_encoding(tmp_path):
    root = write(tmp_path)
    (tmp_path / 'ImageSets/Main/trainval.txt').write_bytes(b'00\xe90005\n')
    with pytest.raises(ValueError, match=r'is not UTF-8: byte 2 is 0xe9'):
        VOCMultiLabel(root)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(difficult='skip'), r"difficult \('skip'\) must be one of \('positive'"),
        (dict(source='json'), r"source \('json'\) must be one of \('xml', 'lists'\)"),
    ],
)
def test_arguments_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        VOCMultiLabel('nowhere', **options)


def test_every_problem_is_collected(tmp_path):
    pictures = {'1': [('cow', 0), ('aeroplan', 0)], '2': [], '3': [('cat', 0)]}
    root = write(tmp_path, pictures)
    (tmp_path / 'Annotations/2.xml').unlink()
    problems = CollectedProblems()
    dataset = VOCMultiLabel(root, problems=problems)
    found = problems.found
    assert labels(dataset) == [[index('cow')], [], [index('cat')]]
    assert [('aeroplan' in found[0]), ('2.xml' in found[1])] == [True, True]
    assert len(found) == 2


@pytest.mark.parametrize('source', ['xml', 'lists'])
@pytest.mark.parametrize('suffix', ['.png', '.JPG', '.jpeg', '.webp'])
def test_pictures_of_other_suffixes_and_names(tmp_path, source, suffix):
    pictures = {'a': [('dog', 0)], 'my photo 2': [('cat', 0)], 'photo 1': [('cow', 0)]}
    root = write(tmp_path, pictures)
    for path in (tmp_path / 'JPEGImages').iterdir():
        path.rename(path.with_suffix(suffix))
    dataset = VOCMultiLabel(root, source=source)
    paths = [dataset.get_data_info(i)['img_path'] for i in range(3)]
    assert paths == [f'{tmp_path}/JPEGImages/{name}{suffix}' for name in pictures]
    assert labels(dataset) == [[index('dog')], [index('cat')], [index('cow')]]


def test_a_picture_under_two_suffixes(tmp_path):
    root = write(tmp_path, {'a': [('dog', 0)]})
    folder = tmp_path / 'JPEGImages'
    (folder / 'a.png').touch()
    dataset = VOCMultiLabel(root)
    assert dataset.get_data_info(0)['img_path'] == f'{folder}/a.jpg'
    (folder / 'a.jpg').rename(folder / 'a.bmp')
    with pytest.raises(ValueError, match=r'the picture a can be .*a.bmp or .*a.png;'):
        VOCMultiLabel(root)


def test_the_list_of_a_class_may_be_the_list_of_pictures(tmp_path):
    dataset = VOCMultiLabel(write(tmp_path), 'ImageSets/Main/car_trainval.txt')
    assert labels(dataset) == WITH_DIFFICULT


def test_the_home_folder(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.setenv('HOME', str(tmp_path.parent))
    for source in ('xml', 'lists'):
        dataset = VOCMultiLabel(f'~/{tmp_path.name}', source=source)
        assert labels(dataset) == WITH_DIFFICULT
