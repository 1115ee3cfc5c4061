import pytest

from mvlr_mm.tagging.bulk import known_names, tally


def test_the_folder_says_what_it_holds(begun, tmp_path):
    assert tally(begun) == (4, 1)
    known = known_names(begun)
    assert [f'{i}.jpg' in known for i in range(5)] == [True] * 4 + [False]
    assert len(known_names(tmp_path / 'nothing')) == 0
    (begun / 'part-000001.parquet').write_text('damaged')
    with pytest.raises(ValueError, match=r'part-000001.parquet is damaged: .* remove'):
        known_names(begun)
