import pytest

from mvlr_mm.datasets.checking import problems as module
from mvlr_mm.datasets.checking.problems import RAISED, CollectedProblems


def test_problems_are_raised():
    with pytest.raises(ValueError, match='first'), RAISED.one_record():
        raise ValueError('first')
    assert not RAISED.found


def test_problems_are_collected():
    problems = CollectedProblems()
    for text in ('first', 'second'):
        with problems.one_record():
            raise ValueError(text)
    assert problems.found == ['first', 'second']
    assert CollectedProblems().found == []


def test_other_errors_pass():
    problems = CollectedProblems()
    with pytest.raises(KeyError), problems.one_record():
        raise KeyError('x')
    assert problems.found == []


def test_notes_are_said_or_collected(monkeypatch):
    said, problems = [], CollectedProblems()
    monkeypatch.setattr(module, 'print_log', lambda text, _: said.append(text))
    problems.note('a')
    RAISED.note('b')
    assert (problems.notes, said) == (['a'], ['b'])
