import json
import pickle

import pytest

from mvlr_mm.datasets import COCO_CLASSES, COCOMultiLabel
from mvlr_mm.datasets.checking.problems import CollectedProblems


def box(image_id, category_id, **more):
    return dict(image_id=image_id, category_id=category_id, bbox=[0, 0, 1, 1], **more)


def content():
    return dict(
        images=[dict(id=i, file_name=f'{i}.jpg') for i in (7, 3, 5, 9)],
        # out of order, and with gaps as in COCO
        categories=[dict(id=18, name='dog'), dict(id=1, name='person')],
        annotations=[
            box(7, 18),
            box(7, 1),
            box(7, 18),
            box(5, 1, iscrowd=1),
            box(3, 18),
        ],
    )


def write(folder, data, pictures=(7, 3, 5, 9)):
    (folder / 'images').mkdir(exist_ok=True)
    for i in pictures:
        (folder / 'images' / f'{i}.jpg').touch()
    text = data if isinstance(data, str) else json.dumps(data)
    (folder / 'instances.json').write_text(text)
    return dict(ann_file='instances.json', data_root=str(folder), data_prefix='images')


def labels(dataset):
    return [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]


@pytest.mark.parametrize('serialize', [True, False])
def test_labels_follow_the_category_ids_and_the_file_order(tmp_path, serialize):
    dataset = COCOMultiLabel(**write(tmp_path, content()), serialize_data=serialize)
    assert dataset.metainfo['classes'] == ('person', 'dog')
    # a crowd counts, a box twice counts once, a picture without boxes stays
    assert labels(dataset) == [[0, 1], [1], [0], []]
    assert dataset.get_data_info(1)['img_path'] == f'{tmp_path}/images/3.jpg'
    assert labels(pickle.loads(pickle.dumps(dataset))) == labels(dataset)


def test_pictures_without_boxes_can_be_dropped(tmp_path):
    dataset = COCOMultiLabel(**write(tmp_path, content()), drop_unlabelled=True)
    assert labels(dataset) == [[0, 1], [1], [0]]


def test_coco_has_80_classes():
    assert len(set(COCO_CLASSES)) == 80
    assert (COCO_CLASSES[0], COCO_CLASSES[79]) == ('person', 'toothbrush')


@pytest.mark.parametrize(
    ('part', 'key', 'message'),
    [
        ('images', None, r"instances.json has no key 'images'"),
        ('annotations', None, r"instances.json has no key 'annotations'"),
        ('images', 'file_name', r"images\[0\] has no key 'file_name'; it needs"),
        ('categories', 'name', r"categories\[0\] has no key 'name'"),
        ('annotations', 'image_id', r"annotations\[0\] has no key 'image_id'"),
    ],
)
def test_a_missing_key_is_named(tmp_path, part, key, message):
    data = content()
    if key is None:
        del data[part]
    else:
        del data[part][0][key]
    with pytest.raises(ValueError, match=message):
        COCOMultiLabel(**write(tmp_path, data))


@pytest.mark.parametrize(
    ('extra', 'message'),
    [
        (box(7, 99), r'annotations\[5\] has category_id 99, which no category of'),
        (box(7, '1'), r"annotations\[5\] has category_id '1', which no category of"),
        (box(8, 1), r'annotations\[5\] has image_id 8, which no image of the file'),
    ],
)
def test_an_unknown_id_is_named(tmp_path, extra, message):
    data = content()
    data['annotations'].append(extra)
    with pytest.raises(ValueError, match=message):
        COCOMultiLabel(**write(tmp_path, data))


@pytest.mark.parametrize(
    ('part', 'value', 'message'),
    [
        ('annotations', None, r'json: annotations must be a list, not NoneType'),
        ('images', {'1': 2}, r'json: images must be a list, not dict'),
        (
            'images',
            [dict(id=[7], file_name='7.jpg')],
            r'images\[0\]: id \(\[7\]\) must',
        ),
        ('categories', [], r'json: categories is empty'),
        ('categories', [dict(id=None, name='a')], r'\[0\]: id \(None\) must be a num'),
        ('categories', [dict(id=1, name=5)], r'categories\[0\]: name \(5\) must be a'),
        (
            'categories',
            [dict(id=1, name=' ')],
            r"categories\[0\]: name \(' '\) must be",
        ),
        (
            'annotations',
            [box(7, [1])],
            r'annotations\[0\] has category_id \[1\], which',
        ),
        ('annotations', [None], r'annotations\[0\] must be a json object'),
        (
            'annotations',
            [box(7, 1, iscrowd='0')],
            r"annotations\[0\]: iscrowd \('0'\) must be 0 or 1",
        ),
        (
            'images',
            [dict(id=7, file_name='7.jpg', neg_category_ids=[1])],
            r'images\[0\] has neg_category_ids, as in LVIS',
        ),
    ],
)
def test_what_has_another_type_is_named(tmp_path, part, value, message):
    with pytest.raises(ValueError, match=message):
        COCOMultiLabel(**write(tmp_path, content() | {part: value}))


@pytest.mark.parametrize(
    ('part', 'old', 'new'),
    [
        ('annotations', 'iscrowd', 'is_crowd'),
        ('annotations', 'iscrowd', 'isCrowd'),
        ('annotations', 'category_id', 'categoryid'),
        ('annotations', 'image_id', 'image-id'),
        ('images', 'file_name', 'filename'),
        ('images', 'neg_category_ids', 'neg_category_id'),
        ('categories', 'supercategory', 'super_category'),
        ('categories', 'id', 'ID'),
    ],
)
def test_a_key_that_looks_like_one_that_is_read(tmp_path, part, old, new):
    data = content()
    data[part][-1][new] = data[part][-1].pop(old, 1)
    where = rf'{part}\[{len(data[part]) - 1}\]'
    message = rf"{where}.*('{old}'; it needs|'{new}' is not read)"
    with pytest.raises(ValueError, match=message):
        COCOMultiLabel(**write(tmp_path, data))


def test_other_keys_may_be_anything(tmp_path):
    data = content()
    data['images'][0].update(filename='7.jpg', width=3, extra=dict(Name='x'))
    data['annotations'][0].update(attributes=dict(ID=3, is_crowd=0), track_id=4)
    data['categories'][0].update(names=['hound'], image_ids=[7])
    assert labels(COCOMultiLabel(**write(tmp_path, data))) == [[0, 1], [1], [0], []]


def test_ids_may_be_texts_but_not_both(tmp_path):
    data = content() | dict(categories=[dict(id='b', name='x'), dict(id='a', name='y')])
    data['annotations'] = [box(7, 'b')]
    assert labels(COCOMultiLabel(**write(tmp_path, data)))[0] == [1]
    data['categories'][0]['id'] = 1
    with pytest.raises(ValueError, match='categories have numbers and texts as ids'):
        COCOMultiLabel(**write(tmp_path, data))


def test_a_truncated_file_is_named(tmp_path):
    text = json.dumps(content())
    with pytest.raises(
        ValueError, match=r'instances.json is not valid json, or was cut'
    ):
        COCOMultiLabel(**write(tmp_path, text[: len(text) // 2]))


def test_missing_pictures_are_counted_before_training(tmp_path):
    files = write(tmp_path, content(), pictures=(7,))
    message = r'3 of the 4 pictures in .*instances.json do not exist, first: .*3.jpg'
    with pytest.raises(FileNotFoundError, match=message):
        COCOMultiLabel(**files)
    assert len(COCOMultiLabel(**files, check_files=False)) == 4


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none.json\) does not exist; check'):
        COCOMultiLabel(ann_file='none.json', data_root=str(tmp_path))


def test_other_classes_than_the_files_are_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"\['dog', 'person'\].* are not the categories"
    ):
        COCOMultiLabel(**write(tmp_path, content()), classes=['dog', 'person'])


def test_no_pictures_is_an_error(tmp_path):
    data = content() | dict(images=[], annotations=[])
    with pytest.raises(ValueError, match='lists no picture'):
        COCOMultiLabel(**write(tmp_path, data))


def test_an_image_id_twice_is_an_error(tmp_path):
    data = content()
    data['images'].append(data['images'][0])
    with pytest.raises(ValueError, match=r'images\[4\] has id 7, as one before it'):
        COCOMultiLabel(**write(tmp_path, data))


def test_crowds_can_be_dropped(tmp_path):
    data = content()
    data['annotations'].append(box(7, 1, iscrowd=1))  # beside a person who is no crowd
    files = write(tmp_path, data)
    assert labels(COCOMultiLabel(**files, drop_crowds=True)) == [[0, 1], [1], [], []]
    both = COCOMultiLabel(**files, drop_crowds=True, drop_unlabelled=True)
    assert labels(both) == [[0, 1], [1]]


def test_labels_may_be_sorted_by_name(tmp_path):
    dataset = COCOMultiLabel(**write(tmp_path, content()), class_order='name')
    assert dataset.metainfo['classes'] == ('dog', 'person')
    assert labels(dataset) == [[0, 1], [0], [1], []]


def test_unknown_class_order():
    with pytest.raises(ValueError, match=r"class_order \('abc'\) must be one of"):
        COCOMultiLabel('x.json', class_order='abc')


@pytest.mark.parametrize('name', ['COCO_val2014_000000000042.jpg', '000000000042.jpg'])
def test_both_years_name_their_pictures(tmp_path, name):
    data = content()
    data['images'] = [dict(id=42, file_name=name, license=3)]
    data['annotations'] = [box(42, 18)]
    dataset = COCOMultiLabel(**write(tmp_path, data, ()), check_files=False)
    assert dataset.get_data_info(0)['img_path'] == f'{tmp_path}/images/{name}'


def test_a_renamed_class_is_named(tmp_path):
    data = content()
    data['categories'][0]['name'] = 'puppy'
    files = write(tmp_path, data)
    with pytest.raises(ValueError, match=r'are not the categories .* from 1 on'):
        COCOMultiLabel(**files, classes=['person', 'dog'])


def test_a_picture_twice_is_an_error(tmp_path):
    data = content()
    data['images'].append(dict(id=11, file_name='3.jpg'))
    message = r'picture 4 lists .*images/3.jpg, as .*picture 1 does already; write one'
    with pytest.raises(ValueError, match=message):
        COCOMultiLabel(**write(tmp_path, data))


def test_a_picture_twice_is_told_by_its_number_in_the_file(tmp_path):
    data = content()
    data['images'] += [dict(id=11, file_name='5.jpg'), dict(id=12, file_name='5.jpg')]
    data['annotations'].append(box(12, 1))
    message = r'picture 5 lists .*images/5.jpg, as .*picture 2 does already'
    with pytest.raises(ValueError, match=message):
        COCOMultiLabel(**write(tmp_path, data), drop_unlabelled=True)


def test_a_category_twice_is_an_error(tmp_path):
    data = content()
    data['categories'].append(dict(id=2, name='dog'))
    with pytest.raises(ValueError, match="categories: 'dog' occurs twice"):
        COCOMultiLabel(**write(tmp_path, data))


@pytest.mark.parametrize('name', [None, 7, ''])
def test_a_file_name_that_is_none(tmp_path, name):
    data = content()
    data['images'][1]['file_name'] = name
    with pytest.raises(
        ValueError, match=r'images\[1\]: file_name \(.*\) must be a path'
    ):
        COCOMultiLabel(**write(tmp_path, data))


def test_every_problem_is_collected(tmp_path):
    data = content()
    data['images'].append(dict(id=3, file_name='again.jpg'))
    data['images'].append(dict(id=12, file_name='7.jpg'))
    data['annotations'] += [box(8, 1), box(9, 2), box(9, 18)]
    files = write(tmp_path, data)
    problems = CollectedProblems()
    dataset = COCOMultiLabel(**files, check_files=False, problems=problems)
    found = problems.found
    texts = ['images[4] has id 3', 'image_id 8', 'category_id 2', 'picture 4 lists']
    assert len(found) == len(texts)
    assert all(text in one for text, one in zip(texts, found, strict=True))
    assert labels(dataset) == [[0, 1], [1], [0], [1], []]
    assert not list(tmp_path.glob('*.npz'))  # no index of what was left out
    with pytest.raises(ValueError, match='has id 3'):
        COCOMultiLabel(**files)


def test_the_order_of_the_names_of_three(tmp_path):
    data = content()
    # sorted by name, each takes another's place, and not in pairs
    names = {1: 'cherry', 3: 'apple', 5: 'banana'}
    data['categories'] = [dict(id=i, name=name) for i, name in names.items()]
    data['annotations'] = [box(7, 1), box(3, 3), box(5, 5), box(9, 1), box(9, 5)]
    dataset = COCOMultiLabel(**write(tmp_path, data), class_order='name')
    assert dataset.metainfo['classes'] == ('apple', 'banana', 'cherry')
    assert labels(dataset) == [[2], [0], [1], [1, 2]]


def test_absolute_paths_and_addresses_stay(tmp_path):
    data = content()
    for image, name in zip(data['images'], ['/x/7.jpg', 's3://b/3.jpg'], strict=False):
        image['file_name'] = name
    dataset = COCOMultiLabel(**write(tmp_path, data), check_files=False)
    paths = [dataset.get_data_info(i)['img_path'] for i in range(3)]
    assert paths == ['/x/7.jpg', 's3://b/3.jpg', f'{tmp_path}/images/5.jpg']


def roboflow(name='animals', above='none'):
    return [
        dict(id=0, name=name, supercategory=above),
        dict(id=1, name='person', supercategory=name),
        dict(id=18, name='dog', supercategory=name),
    ]


@pytest.mark.parametrize('name', ['animals', 'dog'])
def test_a_category_above_all_others_without_boxes_is_no_label(tmp_path, name):
    files = write(tmp_path, content() | dict(categories=roboflow(name)))
    for _ in range(2):  # from the file, and from its index
        problems = CollectedProblems()
        dataset = COCOMultiLabel(**files, problems=problems)
        assert dataset.metainfo['classes'] == ('person', 'dog')
        assert labels(dataset) == [[0, 1], [1], [0], []]
        (note,) = problems.notes
        assert f'the category {name!r} is no label' in note


@pytest.mark.parametrize(
    'categories',
    [
        roboflow(above='thing'),
        [*roboflow(), dict(id=4, name='sofa', supercategory='furniture')],
        [dict(id=0, name='animals'), *roboflow()[1:], dict(id=4, name='sea')],
    ],
)
def test_other_categories_without_boxes_are_labels(tmp_path, categories):
    dataset = COCOMultiLabel(**write(tmp_path, content() | dict(categories=categories)))
    assert 'animals' in dataset.metainfo['classes']


def test_a_category_above_all_others_with_a_box_is_a_label(tmp_path):
    data = content() | dict(categories=roboflow())
    data['annotations'].append(box(9, 0))
    dataset = COCOMultiLabel(**write(tmp_path, data))
    assert dataset.metainfo['classes'] == ('animals', 'person', 'dog')
    assert labels(dataset) == [[1, 2], [2], [1], [0]]


def test_names_that_a_text_tower_reads_alike(tmp_path):
    data = content()
    data['categories'].append(dict(id=2, name='Dog'))
    with pytest.raises(ValueError, match=r"categories: 'Dog' and 'dog', at .* same"):
        COCOMultiLabel(**write(tmp_path, data))


def test_a_key_twice_is_an_error(tmp_path):
    text = json.dumps(content())[:-1] + ', "images": []}'
    with pytest.raises(ValueError, match="the key 'images' occurs twice in one object"):
        COCOMultiLabel(**write(tmp_path, text))
