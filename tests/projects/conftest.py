import json
from pathlib import Path

import pytest

from mvlr_mm.datasets.checking.problems import CollectedProblems
from mvlr_mm.projects.look import look
from mvlr_mm.projects.names import settle_labels


@pytest.fixture
def make(tmp_path):
    """Write files: texts, json values, and for pictures their own name as bytes."""

    def write(**files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.write_bytes(name.encode())
            else:
                text = content if isinstance(content, str) else json.dumps(content)
                path.write_text(text, encoding='utf-8')
        return tmp_path

    return write


@pytest.fixture
def read():
    """Read a source: the form, names, ``{picture: labels}``, splits and problems."""

    def run(path, **kwargs):
        problems = CollectedProblems()
        source = look(Path(path), problems, **kwargs)
        classes, records = settle_labels(source, problems)
        labels = {Path(r.image).name: r.labels for r in records}
        splits = {Path(r.image).name: r.split for r in records}
        return source.form, classes, labels, splits, problems

    return run
