"""Which of the two sequences an interaction refines."""

REFINE = ('both', 'visual', 'labels')


def refined_parts(stage: str, refine: str) -> tuple[bool, bool]:
    """Return whether the labels, and whether the patches, are refined.

    Args:
        stage: Name of the stage, for the message.
        refine: ``both``, ``visual`` or ``labels``.

    Raises:
        ValueError: ``refine`` is something else.
    """
    if refine not in REFINE:
        raise ValueError(f'{stage}: refine ({refine!r}) must be one of {REFINE}.')
    return refine != 'visual', refine != 'labels'
