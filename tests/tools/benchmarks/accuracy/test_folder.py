import json

import pytest
from benchmarks.accuracy.folder import alone_in, refuse_to_replace


def test_a_second_comparison_in_a_folder_is_refused(tmp_path):
    with (
        alone_in(tmp_path / 'out'),
        pytest.raises(BlockingIOError, match=r'--out .*another comparison runs there'),
        alone_in(tmp_path / 'out'),
    ):
        pass
    with alone_in(tmp_path / 'out'):
        pass


def test_tables_of_another_comparison_are_not_replaced(tmp_path):
    refuse_to_replace(tmp_path, ['a'], 5)
    content = dict(budget=5, rows=[dict(name='a'), dict(name='b')])
    (tmp_path / 'accuracy.json').write_text(json.dumps(content))
    refuse_to_replace(tmp_path, ['c', 'b', 'a'], 5)
    with pytest.raises(FileExistsError, match=r'1 rows .* first b; .*--overwrite'):
        refuse_to_replace(tmp_path, ['a'], 5)
    with pytest.raises(FileExistsError, match=r'of 5 epochs'):
        refuse_to_replace(tmp_path, ['a', 'b'], 6)


def test_tables_of_other_known_labels_stay(tmp_path):
    content = dict(rows=[], budget=3, supervision={'unseen': ['cat']})
    (tmp_path / 'accuracy.json').write_text(json.dumps(content))
    refuse_to_replace(tmp_path, [], 3, {'unseen': ['cat']})
    for other in (None, {'unseen': ['dog']}):
        with pytest.raises(FileExistsError, match='other labels are known or held out'):
            refuse_to_replace(tmp_path, [], 3, other)
