import pytest


def test_a_folder_a_label(make, read):
    root = make(**dict.fromkeys(('cat/1.jpg', 'cat/2.jpg', 'red car/1.png')))
    form, classes, labels, splits, problems = read(root)
    assert form == 'one folder a label'
    assert classes == ('cat', 'red car')
    assert labels == {'1.jpg': ['cat'], '2.jpg': ['cat'], '1.png': ['red car']}
    assert set(splits.values()) == {None}
    assert problems.found == []


def test_splits_above(make, read):
    root = make(**dict.fromkeys(('train/cat/1.jpg', 'valid/dog/2.jpg')))
    _, classes, _, splits, _ = read(root)
    assert classes == ('cat', 'dog')
    assert splits == {'1.jpg': 'train', '2.jpg': 'val'}


def test_a_label_may_be_called_train(make, read):
    root = make(**dict.fromkeys(('train/1.jpg', 'boat/2.jpg')))
    assert read(root)[1] == ('boat', 'train')


def test_the_same_file_in_two_folders_has_both_labels(make, read):
    root = make(**{'cat/1.jpg': 'same', 'dog/9.jpg': 'same', 'dog/2.jpg': 'else'})
    _, _, labels, *_, problems = read(root)
    assert labels == {'1.jpg': ['cat', 'dog'], '2.jpg': ['dog']}
    assert problems.notes == [
        '1 pictures lie in several folders, and have the labels of all.'
    ]


@pytest.mark.parametrize('odd', ['3.jpg', 'cat/kittens/3.jpg'])
def test_a_picture_at_another_depth_is_a_problem(make, read, odd):
    root = make(**dict.fromkeys(('cat/1.jpg', 'dog/2.jpg', odd)))
    *_, problems = read(root)
    (found,) = problems.found
    assert f'{root}/{odd}: its place must be LABEL/picture below {root}' in found


def test_pictures_alone_are_no_data(make, read):
    with pytest.raises(
        ValueError, match='neither annotations nor the folder of a label'
    ):
        read(make(**{'1.jpg': None}))


def test_one_folder_of_pictures_is_no_label(make, read):
    root = make(**{'images/1.jpg': None, 'images/2.jpg': None, 'a.json': {'1.jpg': []}})
    with pytest.raises(ValueError, match=r"one folder, 'images'.*not read.*a\.json"):
        read(root)


@pytest.mark.parametrize('more', [(), ('0.jpg',), ('test/3.jpg',)])
def test_splits_alone_are_no_labels(make, read, more):
    pictures = dict.fromkeys(('train/1.jpg', 'val/2.jpg', *more))
    root = make(**pictures, **{'labels.xlsx': 'x'})
    message = r'no annotations .*in folders of splits, .*train, val; .*labels\.xlsx'
    with pytest.raises(ValueError, match=message):
        read(root)


def test_labels_that_speak_of_one_split_are_labels(make, read):
    root = make(**dict.fromkeys(('bullet train/1.jpg', 'steam train/2.jpg')))
    assert read(root)[1] == ('bullet train', 'steam train')


def test_what_is_not_read_is_said(make, read):
    root = make(**{'cat/1.jpg': None, 'dog/2.jpg': None, 'labels.xlsx': 'x'})
    *_, problems = read(root)
    assert problems.notes == [f'{root}: not read: 1 files, such as labels.xlsx.']


def test_a_copy_in_the_same_folder_lies_in_one(make, read):
    root = make(**{'cat/1.jpg': 'same', 'cat/9.jpg': 'same', 'dog/2.jpg': 'else'})
    _, _, labels, *_, problems = read(root)
    assert labels == {'1.jpg': ['cat'], '2.jpg': ['dog']}
    assert problems.notes == ['1 copies in the folder of the picture are left out.']
