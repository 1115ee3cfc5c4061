"""A model for other labels beside the one that it was made from."""

import copy
from collections.abc import Sequence
from itertools import chain

import torch
from torch import nn

from ..labels.names import as_tower_reads, check_label_names
from ..labels.scale import NameScale
from ..models.necks import NeckSequence
from ..models.text import TextEncoder
from ..models.text.fingerprint import fingerprint
from ..structures import VLFeatures
from .name_similarity import NameSimilarity, gain_and_shift
from .separate_labels import SeparateHead, SeparateNeck

NO_PICTURE = VLFeatures(torch.empty(0), (0, 0))  # what a prompt stage reads of one


def retagged(
    model: nn.Module, classes: Sequence[str], scale: NameScale | None = None
) -> nn.Module:
    """Return a model that recognises other labels, by name.

    No label changes another's score, bit for bit. Labels of the training are scored as
    ever, among all of them. A new one is scored by itself: the head compares it, as the
    prompt stage makes it, with the patches as the backbone gives them. Stages in which
    labels meet, such as IFM and QMVL, have learned with the trained labels, and stay
    theirs.

    ``model.neck.set_classes`` puts other labels through all stages, in place of the
    trained ones; there the labels of a list change each other's scores.

    Args:
        model: A classifier whose labels come from names. It stays as it is, and shares
            all its weights with the other.
        classes: The labels; they need not have been trained.
        scale: Brings scores of new labels to the scale of the trained ones; without it
            they are those of the head as it is.

    Raises:
        ValueError: The model has no text side, or its head knows the labels of its
            training alone; a name breaks the rules of ``set_classes``; or ``scale`` is
            another model's.
    """
    before, stage = check_takes_names(model)
    neck, head = model.neck, model.head
    names = check_label_names(tuple(classes), 'classes')
    column_of = {as_tower_reads(name): i for i, name in enumerate(neck.classes)}
    columns = [column_of.get(as_tower_reads(name)) for name in names]
    trained = [column for column in columns if column is not None]
    new = [name for name, c in zip(names, columns, strict=True) if c is None]
    places = iter(range(len(trained))), iter(range(len(trained), len(names)))
    order = [next(places[column is None]) for column in columns]

    made = labels_one_by_one(stage, new)
    gain, shift = torch.ones(len(new)), torch.zeros(len(new))
    similarity = NameSimilarity(head)
    if new and scale is not None:
        scale.check(neck.classes)
        scale.check_weights(comparing_weights(stage, head))
        similarity = NameSimilarity(head, labels_together(stage, scale.generic))
        gain, shift = gain_and_shift(similarity, made, scale)
    device = next(model.parameters()).device
    parts = {
        id(neck): SeparateNeck(neck, before, names, bool(trained)),
        id(head): SeparateHead(
            similarity, trained, made, gain.to(device), shift.to(device), order
        ),
    }
    return _sharing(model, parts)


def check_takes_names(model: nn.Module) -> tuple[list[nn.Module], nn.Module]:
    """Return the stages before the one that makes labels from names, and that one.

    Args:
        model: A classifier.

    Raises:
        ValueError: There is none; or the head, or that stage, knows the labels of its
            training alone.
    """
    neck, head = getattr(model, 'neck', None), model.head
    stages, stage = [neck], neck if hasattr(neck, 'set_classes') else None
    if isinstance(neck, NeckSequence):
        stages = [neck.get_submodule(name) for name in neck.names]
        stage = neck.label_stage()
    if stage is None:
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
    if not getattr(stage, 'takes_names', True):
        raise ValueError(
            f'classes: {type(stage).__name__} has learned a prompt for each label of '
            'its training and takes no others; DualPrompts and PDLR do.'
        )
    return stages[: stages.index(stage)], stage


def comparing_weights(stage: nn.Module, head: nn.Module) -> str:
    """Return a fingerprint of what has learned to compare names with pictures.

    Of a model without gradients, as :func:`~mvlr_mm.apis.optimize` gives it, that is
    all but text towers, which are frozen from the start.

    Args:
        stage: Makes labels from names.
        head: Compares them with patches.
    """
    parts = {'stage': stage, 'head': head}
    weights = {
        f'{part}.{name}': weight
        for part, module in parts.items()
        for name, weight in module.named_parameters()
    }
    learned = {name: x for name, x in weights.items() if x.requires_grad}
    if not learned:
        towers = [m for m in stage.modules() if isinstance(m, TextEncoder)]
        frozen = {id(x) for tower in towers for x in tower.parameters()}
        learned = {name: x for name, x in weights.items() if id(x) not in frozen}
    return fingerprint(learned)


def labels_one_by_one(stage: nn.Module, names: Sequence[str]) -> list[VLFeatures]:
    """Return each label by itself, so that no bit of it depends on the others.

    Args:
        stage: Makes labels from names; it stays as it is.
        names: Of the labels.

    Raises:
        ValueError: A name breaks the rules of ``set_classes``.
    """
    other = _sharing(stage, {})
    return [_labels(other, (name,)) for name in names]


def labels_together(stage: nn.Module, names: Sequence[str]) -> VLFeatures:
    """Return labels in one; see :func:`labels_one_by_one`."""
    return _labels(_sharing(stage, {}), tuple(names))


@torch.no_grad()
def _labels(stage: nn.Module, names: tuple[str, ...]) -> VLFeatures:
    stage.set_classes(names)
    return stage(NO_PICTURE)


def _sharing(module: nn.Module, parts: dict[int, nn.Module]) -> nn.Module:
    """Return a copy in eval mode with the same tensors, and others of some parts."""
    tensors = chain(module.parameters(), module.buffers())
    return copy.deepcopy(module, {id(x): x for x in tensors} | parts).eval()
