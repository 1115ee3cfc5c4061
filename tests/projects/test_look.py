import pytest

from mvlr_mm.projects.look import FORMS
from mvlr_stack.words import init

XML = '<annotation><object><name>cow</name></object></annotation>'
CSV = 'image,labels\na.jpg,cat\n'


def test_the_command_knows_the_forms():
    assert init.FORMS == FORMS


@pytest.mark.parametrize(
    ('files', 'message'),
    [
        ({}, 'has no annotations that are understood: csv.*It has no file'),
        ({'a.md': 'x', 'b.md': 'x', 'c': 'x'}, 'It has 2 .md, 1 no suffix'),
        ({'a.jpg': None, 'a.xml': '<x/>', 'x.csv': CSV}, 'as lists .*; voc .*--form'),
        (
            {'a.jpg': None, 'a.txt': '0 1 1 1 1', 'b.jpg': None, 'b.txt': 'cat'},
            r'as yolo \(.*a.txt\); sidecars \(.*b.txt\)',
        ),
        ({'x.csv': CSV, 'y.csv': CSV}, 'x.csv, y.csv in .* are not one list a split'),
        ({'train.csv': CSV, 'train.jsonl': '{}'}, 'are not one list a split'),
    ],
)
def test_what_is_not_clear_is_asked(make, read, files, message):
    with pytest.raises(ValueError, match=message):
        read(make(**files))


def test_the_form_can_be_said(make, read):
    files = {'cat/a.jpg': None, 'dog/b.jpg': None, 'a.xml': XML, 'x.csv': CSV}
    root = make(**files)
    assert read(root, form='lists')[0].startswith('csv')
    assert read(root, form='folders')[0] == 'one folder a label'
    assert read(root, form='voc')[2] == {'a.jpg': ['cow']}
    assert read(root / 'x.csv')[2] == {'a.jpg': ['cat']}
    with pytest.raises(ValueError, match=r'--form coco: .* has no file of that form'):
        read(root, form='coco')
    with pytest.raises(ValueError, match='--images goes with lists and COCO json'):
        read(root, form='folders', images=root)


def test_what_is_no_list_is_passed_over(make, read):
    files = {'x.csv': CSV, 'README.txt': 'Some words.', 'paths.txt': 'a.jpg\n'}
    files['run/thresholds.json'] = {'format': 'x', 'images': 7}
    assert read(make(**files, **{'a.jpg': None}))[2] == {'a.jpg': ['cat']}


def test_a_source_that_is_not_there(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=r'--data .*none: there is no such'):
        read(tmp_path / 'none')


def test_a_link_that_leads_nowhere_is_named(make, read):
    root = make(**{'cat/a.jpg': None})
    (root / 'instances_val.json').symlink_to(root / 'gone.json')
    message = 'instances_val.json is a link that leads nowhere; mend it, or remove it'
    with pytest.raises(FileNotFoundError, match=message):
        read(root)
