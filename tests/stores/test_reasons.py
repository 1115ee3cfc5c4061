import pytest

from mvlr_mm.stores.reasons import other_pipeline

LOAD, FLIP = dict(type='LoadImageFromFile'), dict(type='RandomFlip', prob=0.5)


def test_the_same_pipeline_needs_no_words():
    assert list(other_pipeline('train', [LOAD, FLIP], (LOAD, FLIP))) == []


@pytest.mark.parametrize(
    ('wanted', 'step', 'here'), [([LOAD], 1, 'nothing'), ([FLIP, LOAD], 0, str(FLIP))]
)
def test_the_first_other_step_is_told(wanted, step, here):
    (found,) = other_pipeline('train', [LOAD, FLIP], wanted)
    there = [LOAD, FLIP][step]
    assert found == f'pipeline of train, step {step}: {there} there, {here} here'


def test_a_config_without_a_pipeline_to_compare_is_told():
    (found,) = other_pipeline('train', [LOAD], None)
    assert found.startswith('pipeline of train: this config has no val or test pipel')
