"""What a data sample says of one image: scores, and which labels are true."""

from collections.abc import Mapping
from typing import Any

import torch


def scores_and_target(sample: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the scores and the target of one image, (C,) each, on the CPU.

    Args:
        sample: A data sample as dict, with ``pred_score`` (C,), and ``gt_score`` (C,)
            or the indices ``gt_label``.

    Raises:
        ValueError: A label is out of range, or a score is NaN.
    """
    # copied: on a CPU it is a row of its batch, all of which would go with each row to
    # the process that computes
    scores = sample['pred_score'].detach().cpu().clone()
    if scores.isnan().any():
        raise ValueError(
            f'the scores of {_path(sample)} contain NaN, first for label '
            f'{int(scores.isnan().int().argmax())}: the model has diverged, or the '
            'picture is broken.'
        )
    target = sample.get('gt_score')
    if target is not None:
        return scores, target.detach().cpu()
    labels = torch.as_tensor(sample['gt_label'], dtype=torch.long).cpu().reshape(-1)
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(scores):
        raise ValueError(
            f'gt_label {labels.tolist()} of {_path(sample)} does '
            f'not lie in 0 to {len(scores) - 1}, the labels that the model scores.'
        )
    target = torch.zeros(len(scores), dtype=torch.int8)
    target[labels] = 1
    return scores, target


def refuse_missing(found: int, size: int | None) -> None:
    """Refuse to go on with a part of the images.

    Args:
        found: How many came.
        size: Images of the data set; None if it is not known.

    Raises:
        ValueError: Some are missing.
    """
    if size is not None and found < size:
        raise ValueError(
            f'only {found} of the {size} images of the data set were evaluated; its '
            'sampler or loader leaves some out: set drop_last=False and use '
            'DefaultSampler with round_up=True.'
        )


def _path(sample: Mapping[str, Any]) -> str:
    return str(sample.get('img_path', 'an image'))
