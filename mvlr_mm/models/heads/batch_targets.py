"""The targets of a batch, made in one go."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor


def batch_targets(samples: Sequence[DataSample], num_labels: int) -> Tensor:
    """Return the targets of B pictures, (B, C) float32.

    From ``gt_score`` if the first picture has one, else from the indices in
    ``gt_label``, all pictures together. mmpretrain turns the indices of each picture
    into a vector of its own, several small operations a picture.

    Args:
        samples: The B pictures.
        num_labels: C.
    """
    if 'gt_score' in samples[0]:
        return torch.stack([sample.gt_score for sample in samples]).float()
    labels = [sample.gt_label for sample in samples]
    counts = torch.tensor([len(found) for found in labels])
    every = torch.cat(labels)
    rows = torch.arange(len(samples)).repeat_interleave(counts).to(every.device)
    targets = torch.zeros(len(samples), num_labels, device=every.device)
    targets.index_add_(0, rows, F.one_hot(every, num_labels).float())
    return targets.clamp_(max=1)  # a label may be named twice
