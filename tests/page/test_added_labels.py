import pytest

from mvlr_mm.page.added_labels import LONGEST, MOST, read_added


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        (None, ()),
        (' , ,', ()),
        ('red  car, snow', ('red car', 'snow')),
        ('Dog, snow, SNOW', ('snow',)),  # the model's own; the same to a text tower
        ('猫', ('猫',)),
    ],
)
def test_names_that_the_model_does_not_have(line, expected):
    assert read_added(line, ('cat', 'dog')) == expected


def test_limits():
    assert len(read_added(','.join(f'x{i}' for i in range(MOST)), ())) == MOST
    with pytest.raises(ValueError, match=f'{MOST + 1} labels are added, and {MOST}'):
        read_added(','.join(f'x{i}' for i in range(MOST + 1)), ())
    assert read_added('x' * LONGEST, ()) == ('x' * LONGEST,)
    with pytest.raises(ValueError, match=f'has {LONGEST + 1} letters'):
        read_added('x' * (LONGEST + 1), ())
