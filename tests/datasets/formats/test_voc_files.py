import pytest

from mvlr_mm.datasets.formats.voc_files import Labels, read_class_lists, read_xml

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
    assert read_xml(path, NAMES) == Labels(present={0, 2}, difficult={1})


def test_names_of_parts_are_no_labels(tmp_path):
    part = '<part><name>dog</name></part>'
    assert read_xml(write(tmp_path, OBJECT.format('cat', part)), NAMES).present == {0}


def test_an_object_without_a_name(tmp_path):
    with pytest.raises(ValueError, match=r"a.xml: object 0: unknown label ''"):
        read_xml(write(tmp_path, '<object></object>'), NAMES)


def test_class_lists(tmp_path):
    for name, text in (
        ('cat', '1  1\n2 -1\n'),
        ('dog', '1  0\r\n2 -1\r\n'),
        ('sofa', '1 -1\n\n2 -1\n'),
    ):
        (tmp_path / f'{name}_val.txt').write_text(text)
    found = read_class_lists(str(tmp_path), 'val', NAMES)
    assert found == {'1': Labels({0}, {1}), '2': Labels(set(), set())}
