from torch import nn

from mvlr_mm.engine.label_weights import label_weights, named_rows, sized_by_labels
from mvlr_mm.models.layers.named_rows import NamedRows


class Rows(NamedRows):
    named_rows = ('fc.weight',)
    sized_by_labels = ('groups',)


def test_rows_with_names_and_those_of_heads():
    model = nn.Module()
    model.neck = Rows()
    model.neck.fc = nn.Linear(2, 3)
    model.head = nn.Module()
    model.head.num_classes = 3
    model.head.fc, model.head.other = nn.Linear(2, 3), nn.Linear(2, 4)
    model.head.part = nn.Linear(2, 2)
    model.head.part.num_classes = 2.0  # no number of labels
    model.overhead = nn.Module()  # a head in name alone
    model.overhead.num_classes = 3
    model.overhead.fc = nn.Linear(2, 3)
    model.backbone = nn.Module()
    model.backbone.num_classes = 3
    model.backbone.fc = nn.Linear(2, 3)
    assert [prefix for prefix, _ in named_rows(model)] == ['neck.']
    assert list(sized_by_labels(model)) == ['neck.groups']
    assert list(label_weights(model)) == [
        'neck.fc.weight',
        'neck.label_record',
        'head.fc.weight',
        'head.fc.bias',
    ]
