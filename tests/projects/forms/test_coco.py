import pytest

CATEGORIES = [dict(id=7, name='dog'), dict(id=3, name='cat')]


def coco(names, boxes, categories=CATEGORIES):
    images = [dict(id=i, file_name=name) for i, name in enumerate(names)]
    annotations = [dict(image_id=i, category_id=k) for i, k in boxes]
    return dict(images=images, annotations=annotations, categories=categories)


def test_a_file_a_split(make, read):
    files = {
        'annotations/instances_train2017.json': coco(
            ['a.jpg', 'c.jpg'], [(0, 7), (0, 7), (0, 3)]
        ),
        'annotations/instances_val2017.json': coco(['a.jpg'], [(0, 3)]),
        'annotations/captions_train2017.json': dict(images=[], annotations=[]),
    }
    pictures = ('train2017/a.jpg', 'train2017/c.jpg', 'val2017/a.jpg')
    root = make(**files, **dict.fromkeys(pictures))
    form, classes, *_, problems = read(root)
    assert form == 'COCO json (instances_train2017.json, instances_val2017.json)'
    assert classes == ('cat', 'dog')
    assert problems.found == []
    one = read(root / 'annotations/instances_train2017.json')
    assert one[2] == {'a.jpg': ['cat', 'dog'], 'c.jpg': []}
    assert one[3] == {'a.jpg': 'train', 'c.jpg': 'train'}
    assert not list(root.rglob('*.npz'))  # nothing is left beside the file


def test_roboflow(make, read):
    files = {
        'train/_annotations.coco.json': coco(['a.jpg'], [(0, 3)]),
        'valid/_annotations.coco.json': coco(['b.jpg'], [(0, 7)]),
    }
    root = make(**files, **dict.fromkeys(('train/a.jpg', 'valid/b.jpg')))
    assert read(root)[3] == {'a.jpg': 'train', 'b.jpg': 'val'}


def test_problems(make, read):
    root = make(**{'x.json': coco(['a.jpg', 'b.jpg'], [(0, 3)]), 'a.jpg': None})
    _, _, labels, *_, problems = read(root)
    assert labels == {'a.jpg': ['cat']}
    assert 'x.json: picture 1: there is no picture b.jpg below' in problems.found[0]
    make(**{'x.json': coco(['a.jpg'], [(0, 3), (0, 4)])})
    with pytest.raises(ValueError, match=r'1 problems of .*category_id 4, which no'):
        read(root)
    make(**{'y.json': coco(['a.jpg'], [], CATEGORIES[:1])}, **{'x.json': coco([], [])})
    with pytest.raises(ValueError, match=r'y.json has other categories than'):
        read(root)
