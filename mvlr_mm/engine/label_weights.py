"""Which weights of a model belong to single labels."""

from collections.abc import Iterator

from torch import nn

from ..labels.record import RECORD


def named_rows(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the modules whose rows have names, each after its prefix in state dicts."""
    for name, module in model.named_modules():
        if hasattr(module, 'named_rows'):
            yield f'{name}.' if name else '', module


def sized_by_labels(model: nn.Module) -> Iterator[str]:
    """Yield the names of weights whose shape follows the number of labels alone.

    Args:
        model: Not wrapped.
    """
    for prefix, module in named_rows(model):
        yield from (prefix + name for name in module.sized_by_labels)


def label_weights(model: nn.Module) -> Iterator[str]:
    """Yield the names of all weights that have a row for each label, and the records.

    They are what modules with ``named_rows`` say, and in heads of mmpretrain whatever
    has ``num_classes`` rows.

    Args:
        model: Not wrapped.
    """
    for prefix, module in named_rows(model):
        names = (*module.named_rows, *getattr(module, 'named_axes', ()), RECORD)
        yield from (prefix + rows for rows in names)
    for name, module in model.named_modules():
        labels = getattr(module, 'num_classes', None)
        if name.split('.')[0] == 'head' and isinstance(labels, int):
            for key, value in module.state_dict(prefix=f'{name}.').items():
                if value.dim() and len(value) == labels:
                    yield key
