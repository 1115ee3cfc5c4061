import json

import pytest

from mvlr_mm.paper.measured import RESULTS, read_measured

RUN = dict(mAP=60.0, CF1=50.0, OF1=40.0, CP=1.0)


def write(folder, rows, base='full.py'):
    content = dict(base=base, data=dict(name='mine'), rows=rows)
    (folder / RESULTS).write_text(json.dumps(content))


def test_the_mean_of_the_seeds_is_found_by_what_a_row_overrides(tmp_path):
    order = {'model.neck.interaction.order': 'F'}
    twin = {'model.neck.interaction': {'_delete_': True, 'type': 'X'}}
    write(
        tmp_path,
        [
            dict(config='full.py', overrides={}, seeds={'0': RUN}),
            dict(
                config='full.py',
                overrides=twin,
                seeds={'0': RUN, '3': {**RUN, 'mAP': 63.0}},
            ),
            dict(config='full.py', overrides=order, seeds={}),
            dict(config='peer.py', overrides={}, seeds={'0': {**RUN, 'mAP': 99.0}}),
        ],
    )
    found = read_measured(tmp_path)
    assert found.name == 'mine'
    assert found.of({}) == ((60.0, 50.0, 40.0), 1)
    assert found.of(twin) == ((61.5, 50.0, 40.0), 2)
    assert found.of(order) is None
    assert found.of({'model.neck.fusion': None}) is None


def test_a_folder_without_results_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match='there are no results'):
        read_measured(tmp_path)


@pytest.mark.parametrize(
    'text', ['{', '[]', '{"rows": [1]}', '{"base": "a", "rows": [{}], "data": {}}']
)
def test_other_files_are_refused_by_name(tmp_path, text):
    (tmp_path / RESULTS).write_text(text)
    with pytest.raises(ValueError, match=r'accuracy\.json is not what .*accuracy'):
        read_measured(tmp_path)
