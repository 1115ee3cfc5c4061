import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from mvlr_mm.apis import load_model
from mvlr_mm.tagging.bulk import Source, describe_job
from mvlr_mm.tagging.bulk.job import differences


@pytest.fixture(scope='module')
def loaded(trained):
    return load_model(trained.folder)


@pytest.fixture
def describe(trained, loaded):
    def run(**changes):
        given = dict(
            engine='local',
            source=Source((str(trained.root),)),
            loaded=loaded,
            names=loaded.classes,
            thresholds=np.array([0.5, 0.25, math.inf]),
            max_tags=None,
        )
        return json.loads(json.dumps(describe_job(**given | changes)))

    return run


def test_the_same_run_is_known_again(describe, trained):
    again = describe(loaded=load_model(trained.folder))
    assert differences(describe(), again) == []


def test_what_differs_is_said(describe, trained, loaded):
    def said(**changes):
        return differences(describe(), describe(**changes))

    assert said(engine='ray') == ['engine: "local" then, "ray" now']
    assert said(max_tags=3) == ['max_tags: null then, 3 now']
    assert said(thresholds=np.array([0.5, 0.3, math.inf])) == [
        "the threshold of 'dog': 0.25 then, 0.3 now"
    ]
    (text,) = differences(  # short, wherever the tests keep their files
        describe(source=Source(('/etc',))), describe(source=Source(('/usr',)))
    )
    assert text == 'source: ["/etc"] then, ["/usr"] now'
    assert [s.split(':')[0] for s in said(names=['a'], thresholds=np.zeros(1))] == [
        'labels',
        'thresholds',
    ]


def test_another_model_is_seen(describe, trained, loaded):
    spoiled = load_model(trained.folder)
    with torch.no_grad():
        spoiled.model.head.bias += 1
    (text,) = differences(describe(), describe(loaded=spoiled))
    assert text.startswith('weights of the model: ')
    steps = [dict(step) for step in loaded.pipeline]
    steps[1]['scale'] = (32, 32)
    other = dataclasses.replace(loaded, pipeline=steps)
    (text,) = differences(describe(), describe(loaded=other))
    assert text.startswith('settings of the model: ')


def test_the_scale_of_new_labels_counts_where_there_are_some(describe, loaded):
    scaled = dataclasses.replace(loaded, name_scale='another')
    assert differences(describe(), describe(loaded=scaled)) == []
    new = dict(names=['sun'], thresholds=np.zeros(1))
    (text,) = differences(describe(**new), describe(loaded=scaled, **new))
    assert text.startswith('scale of new labels: null then, "')


def test_long_values_are_cut():
    (text,) = differences({'column': 'x' * 99}, {'column': 'y' * 99})
    assert len(text) < 160
    assert text.count('...') == 2


def test_long_lists_are_told_apart_where_they_part():
    shards = [f'/data/collections/2026/holiday-{i:05d}.tar' for i in range(3)]
    (text,) = differences({'source': shards[:2]}, {'source': shards})
    assert text == f'source: 2 then, 3 now; number 3 was none and is "{shards[2]}"'
    (text,) = differences({'source': shards[:2]}, {'source': shards[:1] + shards[2:]})
    assert text == (
        f'source: 2 then, 2 now; number 2 was "{shards[1]}" and is "{shards[2]}"'
    )
