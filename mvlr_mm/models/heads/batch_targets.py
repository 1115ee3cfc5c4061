"""The targets of a batch, made in one go."""

from collections.abc import Sequence

import torch
from mmpretrain.structures import DataSample
from torch import Tensor


@torch.compiler.disable  # it would be compiled anew for every number of labels
def batch_targets(samples: Sequence[DataSample], num_labels: int) -> Tensor:
    """Return the targets of B pictures, (B, C) float32.

    From ``gt_score`` if the first picture has one, else from the indices in
    ``gt_label``, all pictures together. mmpretrain turns the indices of each picture
    into a vector of its own, several small operations a picture.

    Args:
        samples: The B pictures.
        num_labels: C.

    Raises:
        ValueError: ``gt_score`` has not C numbers, or an index is no label's; on a GPU
            that is an IndexError or an assertion of the device.
    """
    if 'gt_score' in samples[0]:
        targets = torch.stack([sample.gt_score for sample in samples]).float()
        if targets.shape[1:] != (num_labels,):
            raise ValueError(
                f'gt_score has the shape {tuple(targets.shape[1:])}, and must have a '
                f'number for each of the {num_labels} labels of the model.'
            )
        return targets
    labels = [sample.gt_label for sample in samples]
    counts = torch.tensor([len(found) for found in labels])
    every = torch.cat(labels)
    if every.device.type == 'cpu':  # on a GPU that would wait for it
        _check(every, num_labels)
    rows = torch.arange(len(samples)).repeat_interleave(counts).to(every.device)
    targets = torch.zeros(len(samples), num_labels, device=every.device)
    # an index below 0 would count from the right; beyond the end each device refuses it
    targets[rows, torch.where(every < 0, num_labels, every)] = 1
    return targets


def _check(labels: Tensor, num_labels: int) -> None:
    wrong = labels[(labels < 0) | (labels >= num_labels)]
    if len(wrong):
        raise ValueError(
            f'gt_label {int(wrong[0])} must be between 0 and {num_labels - 1}, the '
            'labels of the model.'
        )
