import pytest

from mvlr_mm.datasets.formats.voc_labels import VOCLabels
from mvlr_mm.datasets.formats.voc_xml import read_xml

NAMES = ['cat', 'dog', 'sofa']
OBJECT = '<object><name>{}</name>{}</object>'


def write(folder, *objects):
    path = folder / 'a.xml'
    path.write_text(f'<annotation>{"".join(objects)}</annotation>')
    return str(path)


def test_a_label_is_difficult_only_if_all_its_objects_are(tmp_path):
    path = write(
        tmp_path,
        OBJECT.format('cat', '<difficult>1</difficult>'),
        OBJECT.format('cat', '<difficult>0</difficult>'),
        OBJECT.format('dog', '<difficult>1</difficult>'),
        OBJECT.format(' sofa\n', ''),  # no word on it: not difficult
    )
    assert read_xml(path, NAMES) == VOCLabels(present={0, 2}, difficult={1})


def test_names_of_parts_are_no_labels(tmp_path):
    part = '<part><name>dog</name></part>'
    assert read_xml(write(tmp_path, OBJECT.format('cat', part)), NAMES).present == {0}


def test_an_object_without_a_name(tmp_path):
    with pytest.raises(ValueError, match=r"a.xml: object 0: unknown label ''"):
        read_xml(write(tmp_path, '<object></object>'), NAMES)


@pytest.mark.parametrize(
    'entry',
    [
        '<object><part><name>dog</name></part><name>cat</name></object>',
        '<object><name>cat</name><part><name>dog</name></part></object>',
        '<object><name>cat</name><part><name>nose</name></part></object>',
    ],
)
def test_a_part_is_no_object_wherever_it_stands(tmp_path, entry):
    assert read_xml(write(tmp_path, entry), NAMES) == VOCLabels({0}, set())


def test_names_of_owners_are_no_labels(tmp_path):
    about = '<owner><name>dog</name></owner><source><name>dog</name></source>'
    path = write(tmp_path, about, OBJECT.format('cat', ''), '<path>x</path><size/>')
    assert read_xml(path, NAMES).present == {0}
    assert read_xml(write(tmp_path), NAMES) == VOCLabels(set(), set())


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        ('<Object><name>cat</name></Object>', '<Object> holds what an object has'),
        ('<objects><object><name>cat</name></object></objects>', '<objects> holds'),
        ('<item><bndbox/></item>', '<item> holds what an object has'),
        ('<name>cat</name>', '<name> holds what an object has'),
        ('<object><Name>cat</Name></object>', "object 0: 'Name' is not read, and"),
        (
            OBJECT.format('cat', '<difficulty>1</difficulty>'),
            "'difficulty' is not read, and looks like 'difficult'",
        ),
        (OBJECT.format('cat', '<Difficult>1</Difficult>'), "'Difficult' is not read"),
        (
            '<object><name>cat</name><name>dog</name></object>',
            'object 0 has <name> 2 times; keep one',
        ),
        (
            OBJECT.format('cat', '<difficult>true</difficult>'),
            r"object 0: difficult \('true'\) must be 0 or 1",
        ),
        (
            OBJECT.format('cat', '<difficult>1</difficult>' * 2),
            'has <difficult> 2 times',
        ),
    ],
)
def test_what_is_not_understood_is_no_absent_label(tmp_path, entry, message):
    with pytest.raises(ValueError, match=message):
        read_xml(write(tmp_path, entry), NAMES)


@pytest.mark.parametrize(
    ('text', 'tag'),
    [('<annotations><image/></annotations>', 'annotations'), ('<html/>', 'html')],
)
def test_another_root_element(tmp_path, text, tag):
    (tmp_path / 'a.xml').write_text(text)
    with pytest.raises(ValueError, match=f'a.xml is no annotation of VOC: .*<{tag}>'):
        read_xml(str(tmp_path / 'a.xml'), NAMES)
