import os
from types import SimpleNamespace

from mvlr_mm.features import CheckFeatures


def test_pictures_that_were_written_to_since_are_told(tmp_path):
    """One of the same bytes passes the lists, and only the first is computed anew."""
    for name, seconds in (('old.png', 100), ('index.json', 200), ('new.png', 300)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (seconds, seconds))
    said = []
    runner = SimpleNamespace(logger=SimpleNamespace(warning=said.append))
    hook = CheckFeatures(str(tmp_path))
    paths = [str(tmp_path / 'old.png'), str(tmp_path / 'gone.png'), 's3://a/b.png']
    hook._tell_of_written(runner, {'train': dict.fromkeys(paths, 0)})
    assert not said
    changed = str(tmp_path / 'new.png')
    hook._tell_of_written(runner, {'train': dict.fromkeys([*paths, changed], 0)})
    assert len(said) == 1
    assert said[0].startswith('1 pictures were written to after')
    assert changed in said[0]
