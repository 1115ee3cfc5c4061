import pytest

from mvlr_mm.datasets.formats.misspelt import check_key, looks_like

KNOWN = ('id', 'name', 'iscrowd', 'file_name')


@pytest.mark.parametrize(
    ('key', 'near'),
    [
        ('is_crowd', 'iscrowd'),
        ('IsCrowd', 'iscrowd'),
        ('file-names', 'file_name'),
        ('filname', 'file_name'),
        ('ID', 'id'),
        ('names', None),
        ('ids', None),
        ('area', None),
    ],
)
def test_what_looks_like_a_name(key, near):
    assert looks_like(key, KNOWN) == near


def test_the_place_is_named():
    check_key('area', KNOWN, 'a.json: images[0]')
    with pytest.raises(ValueError, match=r"a.json: images\[0\]: 'File' is not read"):
        check_key('File', ('file',), 'a.json: images[0]')
