"""What an interaction stage takes from the features."""

from torch import Tensor

from ...structures import VLFeatures


def get_modalities(
    feats: VLFeatures, stage: str, embed_dim: int
) -> tuple[Tensor, Tensor]:
    """Return X, (B, N, D), and T, (B, C, D), of the width that a stage was built for.

    Args:
        feats: Features with ``visual`` and ``labels``.
        stage: Who asks, for the message.
        embed_dim: Width D that the stage was built for.

    Raises:
        ValueError: ``labels`` is missing, or a width differs from ``embed_dim``.
    """
    visual, labels = feats.visual, feats.batch_labels(stage)
    if not visual.shape[-1] == labels.shape[-1] == embed_dim:
        raise ValueError(
            f'{stage}: visual (X) is {visual.shape[-1]} wide and labels (T) are '
            f'{labels.shape[-1]} wide, but both must be embed_dim ({embed_dim}): set '
            'embed_dim to the width of both, or project the backbone to that of the '
            'text encoder.'
        )
    return visual, labels
