"""A model for other labels beside the one that it was made from."""

import copy
from collections.abc import Sequence
from itertools import chain

import torch
from torch import nn


def retagged(model: nn.Module, classes: Sequence[str]) -> nn.Module:
    """Return a model that recognises other labels, by name.

    It shares all weights with the given one, which stays as it is.

    Args:
        model: A classifier whose labels come from names.
        classes: The new labels; they need not have been trained.

    Raises:
        ValueError: The model has no text side, or its head knows the labels of its
            training alone; or a name breaks the rules of ``set_classes``.
    """
    neck, head = getattr(model, 'neck', None), model.head
    if not hasattr(neck, 'set_classes'):
        raise ValueError(
            f'classes: {type(model).__name__} with {type(head).__name__} has no text '
            'side that could take other labels; it recognises those that it was '
            'trained on.'
        )
    if 'labels' not in getattr(head, 'reads', ('labels',)):
        raise ValueError(
            f'classes: {type(head).__name__} has learned a row for each label of its '
            'training and takes no others; SimilarityHead does.'
        )
    shared = chain(model.parameters(), model.buffers())
    other = copy.deepcopy(model, {id(tensor): tensor for tensor in shared})
    with torch.no_grad():
        other.neck.set_classes(tuple(classes))
    return other.eval()
