import pytest

from mvlr_mm.projects.tree import Tree


@pytest.fixture
def tree(make):
    names = ('a.jpg', 'x/b.PNG', 'train/c.jpg', 'val/c.jpg', '.hidden/d.jpg', 'e.txt')
    names += ('work_dirs/f.jpg', 'project/g.jpg')
    root = make(**dict.fromkeys(names))
    return Tree(root, root / 'project')


def test_what_is_hidden_drawn_or_a_project_is_no_picture(tree):
    names = [path.name for path in tree.pictures]
    assert names == ['a.jpg', 'c.jpg', 'c.jpg', 'b.PNG']


@pytest.mark.parametrize(
    ('name', 'split', 'found'),
    [
        ('a.jpg', None, 'a.jpg'),
        ('a', None, 'a.jpg'),
        ('b.PNG', None, 'x/b.PNG'),
        ('x\\b', None, 'x/b.PNG'),
        ('./x/../x/b.PNG', None, 'x/b.PNG'),
        ('c.jpg', 'val', 'val/c.jpg'),
        ('train/c.jpg', None, 'train/c.jpg'),
    ],
)
def test_a_picture_is_found(tree, name, split, found):
    beside = tree.root / 'lists'
    assert tree.find(name, beside, split, 'here') == str(tree.root / found)


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('none.jpg', 'here: there is no picture none.jpg below'),
        ('y/b.PNG', 'there is no picture y/b.PNG below'),
        ('c.jpg', r'here: c.jpg can be .*train/c.jpg or .*val/c.jpg; write more'),
        ('https://x.org/a.jpg', 'here: https://x.org/a.jpg is an address'),
        ('e.txt', r'here: .*/e\.txt is no picture of a kind that is read \(\.jpg'),
        (f'{300 * "a"}.jpg', r'here: there is no picture a+\.jpg below'),
        ('', "here: image \\(''\\) must be a path"),
        (3, 'here: image \\(3\\) must be a path'),
    ],
)
def test_what_is_no_picture_is_named(tree, name, message):
    with pytest.raises((FileNotFoundError, ValueError), match=message):
        tree.find(name, tree.root, None, 'here')


def test_the_composition_of_letters_does_not_count(make):
    composed, apart = 'é/ü 1.JPG', 'e\u0301/u\u0308 1.JPG'
    root = make(**{apart: None, 'other/ü 1.JPG': None})
    tree = Tree(root)
    for name in (composed, apart, 'é/ü 1'):
        assert tree.find(name, root / 'lists', None, 'here') == str(root / apart)
    with pytest.raises(FileNotFoundError, match=r'1\.jpg below .*; there is .*1\.JPG'):
        tree.find('ü 1.jpg', root, None, 'here')


def test_links_to_folders_elsewhere_are_followed_once(make, tmp_path):
    root = (
        make(**{'in/cat/a.jpg': None, 'far/b.jpg': None, 'far/deep/c.jpg': None}) / 'in'
    )
    (root / 'dog').symlink_to(tmp_path / 'far')
    (root / 'again').symlink_to(tmp_path / 'far')
    (root / 'kitten').symlink_to(root / 'cat')
    (tmp_path / 'far/back').symlink_to(tmp_path / 'far/deep')
    (root / 'gone').symlink_to(tmp_path / 'nowhere')
    found = [str(path.relative_to(root)) for path in Tree(root).pictures]
    assert found == ['again/b.jpg', 'again/deep/c.jpg', 'cat/a.jpg']


def test_a_link_above_what_another_shows_adds_only_the_rest(make, tmp_path):
    root = make(**{'in/a.jpg': None, 'far/b.jpg': None, 'far/x/deep/c.jpg': None})
    root /= 'in'
    (root / 'first').symlink_to(tmp_path / 'far/x/deep')
    (root / 'second').symlink_to(tmp_path / 'far')
    (root / 'up').symlink_to(tmp_path)
    found = [str(path.relative_to(root)) for path in Tree(root).pictures]
    assert found == ['a.jpg', 'first/c.jpg', 'second/b.jpg']
