import pytest

from mvlr_mm.json_tensor import encode
from mvlr_mm.labels.record import decode_record, rows_by_name


def test_rows_follow_the_names():
    assert rows_by_name(['a', 'b', 'c'], ('c', 'a', 'b'), 'x') == [2, 0, 1]


@pytest.mark.parametrize(
    ('stored', 'wanted', 'message'),
    [
        (['a', 'b'], ['a', 'c'], r"2 labels.* has 2.*checkpoint: 'b', .*model: 'c'\."),
        (['a', 'b'], ['a'], r"2 labels.* has 1.*only in the checkpoint: 'b'\."),
        (['a'], ['a', 'b'], r"1 labels.* has 2.*only in the model: 'b'\."),
    ],
)
def test_other_labels_are_refused_with_the_first_differences(stored, wanted, message):
    with pytest.raises(ValueError, match=rf'^neck: .*{message} Build .*set_classes'):
        rows_by_name(stored, wanted, 'neck')


@pytest.mark.parametrize('content', [{}, {'classes': 'ab'}, {'classes': [1]}])
def test_a_record_has_names(content):
    with pytest.raises(ValueError, match=r'^r of the checkpoint has no list of label'):
        decode_record(encode(content), 'r')


def test_names_are_gone_through_a_few_times_however_many_they_are(counted_names):
    assert rows_by_name(counted_names[::-1], counted_names, 'x') == [*range(50)][::-1]
    assert counted_names.times < 10
