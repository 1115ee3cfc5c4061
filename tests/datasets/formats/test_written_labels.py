import difflib
import pickle

from mvlr_mm.datasets.checking.problems import CollectedProblems
from mvlr_mm.datasets.formats import written_labels
from mvlr_mm.datasets.formats.written_labels import WrittenLabels


def test_a_wrong_label_is_looked_for_once(monkeypatch):
    """In a list of wrong names each look through all names would take its time."""
    asked = []

    def counted(function):
        return lambda *args, **kwargs: (
            asked.append(args[0]) or function(*args, **kwargs)
        )

    monkeypatch.setattr(
        difflib, 'get_close_matches', counted(difflib.get_close_matches)
    )
    monkeypatch.setattr(
        written_labels, 'same_letters', counted(written_labels.same_letters)
    )
    written, problems = WrittenLabels(['striped cat', 'dog']), CollectedProblems()
    for i in range(5):
        assert not written.indices(['stripy cat'], f'list:{i}', problems)
    assert len(problems.found) == 5
    assert "list:4: unknown label 'stripy cat'" in problems.found[4]
    assert "nearest: 'striped cat', 'dog'" in problems.found[4]
    assert asked == ['stripy cat'] * 2  # same letters, then near ones


def test_it_goes_to_the_processes_of_a_loader():
    written = WrittenLabels(['caf\u00e9', 'dog'])
    assert written.index('cafe\u0301', 'list:1') == 0
    assert pickle.loads(pickle.dumps(written)).index('cafe\u0301', 'list:1') == 0
