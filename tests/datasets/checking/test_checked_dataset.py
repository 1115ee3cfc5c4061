import json
import multiprocessing
import pickle
import re
from pathlib import Path

import pytest

from mvlr_mm.datasets import MultiLabelList

COUNT = 20_000


@pytest.fixture
def make(tmp_path):
    """Make a data set of many pictures that are not there."""
    lines = (
        json.dumps(dict(image=f'some/folder/{i:06}.jpg', labels=[i % 79, 79]))
        for i in range(COUNT)
    )
    (tmp_path / 'list.jsonl').write_text('\n'.join(lines))

    def build(**options):
        return MultiLabelList(
            'list.jsonl',
            classes='coco',
            data_root=str(tmp_path),
            check_files=False,
            **options,
        )

    return build


def private_bytes():
    """Return how much memory this process shares with no other."""
    found = Path('/proc/self/smaps_rollup').read_text()
    return 1024 * sum(map(int, re.findall(r'^Private_\w+: +(\d+) kB', found, re.M)))


def read_all(dataset, pipe):
    dataset.get_data_info(0)  # what a new process writes to anyway
    before = private_bytes()
    for i in range(len(dataset)):
        dataset.get_data_info(i)
    pipe.send(private_bytes() - before)


def grown(dataset):
    """Return by how much a worker grows that reads every record, in bytes."""
    fork = multiprocessing.get_context('fork')
    here, there = fork.Pipe()
    worker = fork.Process(target=read_all, args=(dataset, there))
    worker.start()
    found = here.recv()
    worker.join()
    return found


def test_a_worker_has_no_copy_of_the_records(make):
    dataset = make()
    assert dataset.data_bytes.nbytes > 100 * COUNT
    assert grown(dataset) < dataset.data_bytes.nbytes / 2
    # Python counts references where the objects are: reading copies their pages
    assert grown(make(serialize_data=False)) > dataset.data_bytes.nbytes / 2


def test_nothing_but_the_bytes_holds_the_records(make):
    held = vars(make())
    assert held['data_list'] == []
    shared = ('data_bytes', 'data_address')
    rest = {key: value for key, value in held.items() if key not in shared}
    assert len(pickle.dumps(rest)) < 20_000
