"""One width for all that a stage compares."""

from torch import Tensor


def check_widths(stage: str, embed_dim: int, **tensors: Tensor) -> None:
    """Say which of a stage's inputs has another width than it was built for.

    Args:
        stage: Who asks, for the message.
        embed_dim: Width D that the stage was built for.
        **tensors: Fields of VLFeatures by their names, (..., D).

    Raises:
        ValueError: A width differs from ``embed_dim``.
    """
    widths = {name: tensor.shape[-1] for name, tensor in tensors.items()}
    if any(width != embed_dim for width in widths.values()):
        found = ', '.join(f'{name} is {width} wide' for name, width in widths.items())
        raise ValueError(
            f'{stage}: {found}, but all must be embed_dim ({embed_dim}): set embed_dim '
            'to their width, or project the backbone to that of the text encoder.'
        )
