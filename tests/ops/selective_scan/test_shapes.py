import pytest
import torch

from mvlr_mm.ops import selective_scan

GOOD = {
    'u': (2, 4, 3),
    'delta': (2, 4, 3),
    'A': (4, 5),
    'B': (2, 5, 3),
    'C': (2, 5, 3),
    'D': (4,),
    'z': (2, 4, 3),
    'delta_bias': (4,),
    'initial_state': (2, 4, 5),
}


def call(**shapes):
    return selective_scan(**{k: torch.ones(v) for k, v in (GOOD | shapes).items()})


def test_the_good_shapes_pass():
    assert call().shape == (2, 4, 3)


@pytest.mark.parametrize(
    ('name', 'shape', 'rule'),
    [
        ('u', (4, 3), r'u as \(B, D, L\).*u is \(4, 3\)'),
        ('A', (3, 5), r'A is \(3, 5\)'),
        ('delta', (2, 4, 4), r'delta is \(2, 4, 4\), but must be \(2, 4, 3\)'),
        ('B', (2, 3, 5), r'B is \(2, 3, 5\), but must be \(2, 5, 3\), \(4, 5\), or'),
        ('C', (2, 3, 5, 3), r'C is \(2, 3, 5, 3\).*G dividing 4'),
        ('D', (5,), r'D is \(5,\), but must be \(4,\)'),
        ('z', (2, 4), r'z is \(2, 4\), but must be \(2, 4, 3\)'),
        ('delta_bias', (1,), r'delta_bias is \(1,\), but must be \(4,\)'),
        (
            'initial_state',
            (4, 5),
            r'initial_state is \(4, 5\), but must be \(2, 4, 5\)',
        ),
    ],
)
def test_a_wrong_shape_is_named_with_the_right_one(name, shape, rule):
    with pytest.raises(ValueError, match=rule):
        call(**{name: shape})


def test_complex_decay_is_refused():
    inputs = {k: torch.ones(v) for k, v in GOOD.items()}
    inputs['A'] = inputs['A'] * 1j
    with pytest.raises(ValueError, match=r'real A.*complex64'):
        selective_scan(**inputs)


def test_an_empty_sequence_is_refused():
    with pytest.raises(ValueError, match='at least one step'):
        call(u=(2, 4, 0), delta=(2, 4, 0), B=(2, 5, 0), C=(2, 5, 0), z=(2, 4, 0))
