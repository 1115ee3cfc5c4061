import pytest

from mvlr_stack.errors import plain_errors


def test_plain_errors_says_the_error_and_its_place(capsys):
    with pytest.raises(SystemExit, match='2'), plain_errors():
        raise ValueError('num_tokens (0) must be positive.')
    first, second = capsys.readouterr().err.splitlines()
    assert first == 'error: num_tokens (0) must be positive.'
    assert f'{__file__}, line' in second


def test_plain_errors_leaves_other_errors_alone():
    with pytest.raises(KeyError), plain_errors():
        raise KeyError('a bug')


def test_plain_errors_keeps_the_way_to_an_error_in_a_batch():
    def run_iter():
        raise ValueError('shapes differ')

    with pytest.raises(ValueError, match='shapes differ'), plain_errors():
        run_iter()
