"""Which of the two sequences an interaction refines."""

from ...argument_checks import check_choice

REFINE = ('both', 'visual', 'labels')


def refined_parts(stage: str, refine: str) -> tuple[bool, bool]:
    """Return whether the labels, and whether the patches, are refined.

    Args:
        stage: Name of the stage, for the message.
        refine: ``both``, ``visual`` or ``labels``.

    Raises:
        ValueError: ``refine`` is something else.
    """
    check_choice(f'{stage}: refine', refine, REFINE)
    return refine != 'visual', refine != 'labels'
