import pytest

from mvlr_mm.projects.forms.beside import text_files
from mvlr_mm.projects.tree import Tree


def test_a_text_belongs_to_the_picture_of_its_name(make):
    names = ('a.jpg', 'a.txt', 'images/b.jpg', 'labels/b.txt', 'classes.txt', 'c.txt')
    root = make(**dict.fromkeys((*names, 'classes.jpg')))
    found = [(t.name, p.name) for t, p in text_files(Tree(root))]
    assert found == [('a.txt', 'a.jpg'), ('b.txt', 'b.jpg')]


def test_a_folder_above_may_be_called_labels(make):
    root = make(**dict.fromkeys(('labels/x/images/b.jpg', 'labels/x/labels/b.txt')))
    (found,) = text_files(Tree(root / 'labels/x'))
    assert found[1] == root / 'labels/x/images/b.jpg'


def test_two_pictures_cannot_share_one(make):
    root = make(**dict.fromkeys(('a.jpg', 'a.png', 'a.txt')))
    with pytest.raises(ValueError, match=r'a.txt can be that of .*a.jpg or .*a.png'):
        text_files(Tree(root))
