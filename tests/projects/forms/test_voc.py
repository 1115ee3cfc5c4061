import pytest


def xml(*objects):
    inner = ''.join(
        f'<object><name>{name}</name><difficult>{hard}</difficult></object>'
        for name, hard in objects
    )
    return f'<annotation>{inner}</annotation>'


def test_the_development_kit(make, read):
    files = {
        'Annotations/a.xml': xml(('diningtable', 0), ('cat', 0), ('cat', 1)),
        'Annotations/b.xml': xml(('dog', 1)),
        'Annotations/c.xml': xml(),
        'ImageSets/Main/trainval.txt': 'a\nb\n',
        'ImageSets/Main/val.txt': 'b\n',
        'ImageSets/Main/test.txt': 'c\n',
        'ImageSets/Main/cat_test.txt': 'c -1\n',
    }
    pictures = [f'JPEGImages/{name}.jpg' for name in 'abcd']
    form, classes, labels, splits, problems = read(
        make(**files, **dict.fromkeys(pictures))
    )
    assert form == 'VOC xml, one file a picture'
    assert classes == ('cat', 'dining table', 'dog')
    assert labels == {'a.jpg': ['cat', 'dining table'], 'b.jpg': ['dog'], 'c.jpg': []}
    assert splits == {'a.jpg': 'train', 'b.jpg': 'val', 'c.jpg': 'test'}
    difficult, without = problems.notes
    assert '1 pictures have labels of difficult objects alone' in difficult
    assert '1 pictures have no xml file' in without
    assert 'd.jpg' in without


def test_own_names_beside_the_pictures_and_what_is_wrong(make, read):
    files = {
        'train/a.xml': xml(('Turkey', 0)),
        'train/b.xml': xml(('', 0)),
        'train/c.xml': '<annotation>',
        'train/d.xml': xml(('x', 0)).replace('object', 'Object'),
        'train/e.xml': xml(('cow', 0)),
    }
    pictures = dict.fromkeys(f'train/{name}.png' for name in 'abcd')
    _, classes, labels, splits, problems = read(make(**files, **pictures))
    assert classes == ('Turkey',)
    assert labels == {'a.png': ['Turkey']}
    assert splits == {'a.png': 'train'}
    found = zip('bcde', problems.found, strict=True)
    assert all(f'train/{name}.xml' in text for name, text in found)


CAT = xml(('cat', 0))
MAIN = 'ImageSets/Main'


def test_each_kit_has_lists_of_its_own(make, read):
    files = {
        '2007/Annotations/1.xml': CAT,
        '2007/Annotations/2.xml': CAT,
        f'2007/{MAIN}/trainval.txt': '1\n',
        f'2007/{MAIN}/test.txt': '2\n',
        '2012/Annotations/3.xml': CAT,
        f'2012/{MAIN}/trainval.txt': '3\n1\n',
        f'2012/{MAIN}/val.txt': '1\n',
    }
    root = make(**files, **dict.fromkeys(('1.jpg', '2.jpg', '3.jpg')))
    *_, splits, problems = read(root)
    assert splits == {'1.jpg': 'train', '2.jpg': 'test', '3.jpg': 'train'}
    assert (problems.found, problems.notes) == ([], [])


def test_an_id_may_end_with_a_number(make, read):
    files = {f'Annotations/{name}.xml': CAT for name in ('p 1', 'p', 'q')}
    files |= {f'{MAIN}/train.txt': 'p\nq 1\n', f'{MAIN}/val.txt': 'p 1\n'}
    pictures = dict.fromkeys(('p 1.jpg', 'p.jpg', 'q.jpg'))
    *_, splits, _ = read(make(**files, **pictures))
    assert splits == {'p 1.jpg': 'val', 'p.jpg': 'train', 'q.jpg': 'train'}


def test_what_no_list_has_is_left_out_and_said(make, read):
    files = {f'Annotations/{name}.xml': CAT for name in 'abc'}
    files |= {f'{MAIN}/train.txt': 'a\n', f'{MAIN}/val.txt': 'b\n'}
    root = make(**files, **dict.fromkeys(('a.jpg', 'b.jpg', 'c.jpg')))
    *_, splits, problems = read(root)
    assert splits == {'a.jpg': 'train', 'b.jpg': 'val'}
    assert problems.notes[0] == (
        '1 xml files are in no list of ImageSets/Main, and are left out, first: '
        f'{root}/Annotations/c.xml.'
    )


def test_lists_that_name_no_file_are_refused_and_others_pass(make, read):
    files = {'Annotations/a.xml': CAT, 'a.jpg': None, f'{MAIN}/default.txt': 'a\n'}
    assert read(make(**files))[3] == {'a.jpg': None}
    with pytest.raises(ValueError, match=r'train\.txt and .* name no xml file; write'):
        read(make(**{f'{MAIN}/train.txt': 'a.jpg\n'}))
