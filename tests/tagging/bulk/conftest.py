import io
import tarfile

import pytest

from mvlr_mm.tagging.bulk import Manifest, Parts
from mvlr_mm.tagging.result_files import ResultRow


@pytest.fixture
def make_tar():
    """Write a tar file of (name, content) pairs; a name may occur again."""

    def make(path, members, mode='w'):
        with tarfile.open(path, mode) as tar:
            for name, content in members:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return str(path)

    return make


@pytest.fixture
def job():
    """What a run is about, in short."""
    return {'engine': 'local', 'labels': ['cat', 'dog'], 'thresholds': [0.5, 0.5]}


@pytest.fixture
def begun(tmp_path, job):
    """A folder with two parts of two rows, the last of which has an error."""
    with Manifest(tmp_path, job) as manifest:
        parts = Parts(manifest, size=2)
        for i in range(4):
            error = 'spoiled' if i == 3 else None
            parts.add(ResultRow(f'{i}.jpg', ['cat'], [0.5], error))
    return tmp_path
