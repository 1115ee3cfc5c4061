"""Which labels a tensor's rows belong to, stored beside the tensor itself."""

from collections.abc import Sequence

from torch import Tensor

from ..json_tensor import decode

#: Last part of the record's name in a state dict.
RECORD = 'label_record'


def decode_record(stored: Tensor, name: str) -> dict:
    """Return a record: ``classes``, a list of str, and what else it says.

    Args:
        stored: Its json as a tensor, see :mod:`mvlr_mm.json_tensor`.
        name: Of the tensor, for the message.

    Raises:
        ValueError: It is no record.
    """
    record = decode(stored, name)
    names = record.get('classes')
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise ValueError(
            f'{name} of the checkpoint has no list of label names under `classes`; '
            'something else has that name.'
        )
    return record


def rows_by_name(stored: Sequence[str], wanted: Sequence[str], name: str) -> list[int]:
    """Return the row of each wanted label among those stored.

    Args:
        stored: Names of the rows in the checkpoint.
        wanted: Names of the model's labels.
        name: Of the module, for the message.

    Raises:
        ValueError: The two are not the same names.
    """
    row_of = {label: row for row, label in enumerate(stored)}
    known = set(wanted)
    lost = [label for label in stored if label not in known]
    new = [label for label in wanted if label not in row_of]
    if lost or new:
        only = ', '.join(
            f'first only in {where}: {names[0]!r}'
            for where, names in (('the checkpoint', lost), ('the model', new))
            if names
        )
        raise ValueError(
            f'{name}: the checkpoint was trained for {len(stored)} labels, the model '
            f'has {len(wanted)}, and they are not the same; {only}. Build the model '
            "with the checkpoint's classes, load, and then call set_classes with your "
            "own; or train on with other labels: --allow labels, or allow=['labels'] "
            'of CheckWeights.'
        )
    return [row_of[label] for label in wanted]
