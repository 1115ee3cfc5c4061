import pytest

from mvlr_mm.projects.record import split_of, split_of_path


@pytest.mark.parametrize(
    ('text', 'split'),
    [
        ('instances_val2017', 'val'),
        ('Training', 'train'),
        ('trainval', 'train'),
        ('valid', 'val'),
        ('my-test_1', 'test'),
        ('strain', None),
        ('contest', None),
        ('images', None),
    ],
)
def test_a_split_is_a_word_of_a_name(text, split):
    assert split_of(text) == split


def test_only_folders_below_the_root_count(tmp_path):
    root = tmp_path / 'train'
    assert split_of_path(root / 'images/val/a.jpg', root) == 'val'
    assert split_of_path(root / 'val.jpg', root) is None
    assert split_of_path(tmp_path / 'val/a.jpg', root) is None
