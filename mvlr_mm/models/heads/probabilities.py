"""From logits to scores."""

from torch import Tensor


def probabilities(logits: Tensor) -> Tensor:
    """Return the sigmoid, in the type of the logits.

    The same logit has the same score, wherever in a tensor it stands. On a CPU torch's
    own sigmoid in float32 rounds what fills a vector otherwise than the numbers left
    over, so that another batch or another list of labels would move a score by a bit.
    """
    if logits.device.type != 'cpu':
        return logits.sigmoid()
    return logits.double().sigmoid().to(logits.dtype)
