import pytest

from mvlr_mm.datasets.problems import collect_problems, is_collecting, one_record


def test_problems_are_raised():
    assert not is_collecting()
    with pytest.raises(ValueError, match='first'), one_record():
        raise ValueError('first')


def test_problems_are_collected_within():
    with collect_problems() as found:
        assert is_collecting()
        for text in ('first', 'second'):
            with one_record():
                raise ValueError(text)
    assert found == ['first', 'second']
    assert not is_collecting()


def test_other_errors_pass():
    with collect_problems() as found, pytest.raises(KeyError), one_record():
        raise KeyError('x')
    assert found == []
