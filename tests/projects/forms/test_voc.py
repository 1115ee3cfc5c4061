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
