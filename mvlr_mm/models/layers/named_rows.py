"""Tensors with a row for each label, which travel with the names of the labels."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from ...json_tensor import encode
from ...labels.record import RECORD, decode_record, rows_by_name


class NamedRows(nn.Module):
    """A module whose state dict says which labels its rows belong to.

    Another order of the same labels is put right when a state dict is loaded, by
    whichever loader; other labels are refused. To be named first among the bases.

    Attributes:
        named_rows: Names of the parameters and buffers with a row for each label.
        named_axes: Of those with labels elsewhere, such as (C, C): the axes.
        sized_by_labels: Names of those whose shape follows the number of labels, with
            no row of any one label.
        classes: The label names; None where they are not known yet.
    """

    named_rows: tuple[str, ...] = ()
    named_axes: Mapping[str, tuple[int, ...]] = MappingProxyType({})
    sized_by_labels: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None

    def make_record(self) -> dict[str, Any]:
        """Return ``classes`` and whatever else has to be as it was in training."""
        return {'classes': list(self.classes)}

    def match_record(self, stored: dict[str, Any], name: str) -> None:
        """Check what a record says beside the labels.

        Args:
            stored: The record of a checkpoint, which may lack entries.
            name: Of this module, for messages.

        Raises:
            ValueError: It is not what this module has.
        """

    def _label_axes(self) -> dict[str, tuple[int, ...]]:
        """Return the axes of labels by the names of parameters and buffers."""
        return {**dict.fromkeys(self.named_rows, (0,)), **self.named_axes}

    def match_unnamed(self, state_dict: dict, prefix: str) -> None:
        """Check the rows of a state dict from before there were records.

        Args:
            state_dict: Of the whole model, or of this module.
            prefix: Of this module's entries.

        Raises:
            ValueError: They are not those of this module's labels.
        """
        for rows in self.named_rows:
            stored = state_dict.get(prefix + rows)
            if stored is not None and len(stored) != len(self.classes):
                raise ValueError(
                    f'The checkpoint was trained for {len(stored)} labels, the model '
                    f'has {len(self.classes)} ({self.classes[0]!r}, ...): build it '
                    "with the checkpoint's classes, load, and then call set_classes "
                    "with your own; or train on: allow=['labels'] of CheckWeights."
                )

    def renew_rows(
        self, weights: dict[str, Tensor], prefix: str, kept: Collection[str]
    ) -> None:
        """Make rows that stay this module's own fit what else a state dict brings.

        Here they depend on nothing else.

        Args:
            weights: State dict of the whole model; rows in it may be replaced.
            prefix: Of this module's entries.
            kept: Names of the entries that are the model's own.
        """

    def _save_to_state_dict(
        self, destination: dict, prefix: str, keep_vars: bool
    ) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.classes is not None:
            destination[prefix + RECORD] = encode(self.make_record())

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        bytes_ = state_dict.pop(prefix + RECORD, None)
        if bytes_ is not None:
            stored = decode_record(bytes_, prefix + RECORD)
            name = prefix.rstrip('.') or type(self).__name__
            self.match_record(stored, name)
            if self.classes is None and self._fits(len(stored['classes'])):
                self.classes = tuple(stored['classes'])
            if self.classes is not None:
                self._reorder(state_dict, prefix, stored['classes'], name)
        elif self.classes is not None:
            self.match_unnamed(state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _fits(self, count: int) -> bool:
        """Say whether there are as many rows; loading reports another number."""
        own = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        rows = next((own[n] for n in self.named_rows if n in own), None)
        return rows is None or len(rows) == count

    def _reorder(
        self, state_dict: dict, prefix: str, stored: Sequence[str], name: str
    ) -> None:
        order = rows_by_name(stored, self.classes, name)
        for rows, axes in self._label_axes().items():
            value = state_dict.get(prefix + rows)
            if value is not None:
                state_dict[prefix + rows] = _reorder(value, order, axes)


def _reorder(value: Tensor, order: list[int], axes: tuple[int, ...]) -> Tensor:
    """Put the labels along some axes in order; loading reports another number."""
    if any(value.shape[axis] != len(order) for axis in axes if axis < value.dim()):
        return value
    index = torch.tensor(order, device=value.device)
    for axis in axes:
        value = value.index_select(axis, index)
    return value


def rows_among(names: Sequence[str], classes: Sequence[str], why: str) -> list[int]:
    """Return where some names are among the labels of a model.

    Args:
        names: Some of them.
        classes: All of them, in their order.
        why: Why there can be no others, and what to do, for the message.

    Raises:
        ValueError: A name is none of them.
    """
    row_of = {name: row for row, name in enumerate(classes)}
    for name in names:
        if name not in row_of:
            raise ValueError(
                f'{name!r} is none of the {len(row_of)} labels of this model, and {why}'
            )
    return [row_of[name] for name in names]


def match_vectors(
    stored: Tensor, own: Tensor, classes: Sequence[str], prefix: str
) -> None:
    """Compare a checkpoint's vectors of labels with those that the model has made.

    Args:
        stored: Vectors of the checkpoint, (C, D).
        own: Vectors of the model, (C, D).
        classes: The C names.
        prefix: Of the module, for the message.

    Raises:
        ValueError: They are other vectors, by more than rounding in bfloat16.
    """
    if stored.shape != own.shape:
        return  # which loading reports
    stored = stored.to(own)
    far = (stored - own).norm(dim=1) > 0.05 * own.norm(dim=1)
    if far.any():
        row = int(far.int().argmax())
        raise ValueError(
            f'{prefix.rstrip(".")}: the checkpoint does not name its labels, and its '
            f'vector {row} is not that of {classes[row]!r} here: it was trained with '
            'other labels, in another order, or with another template or file. Build '
            'the model as it was in training.'
        )
