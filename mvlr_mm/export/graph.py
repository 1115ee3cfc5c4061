"""A model as a graph from pictures to scores, for any batch and size."""

import copy

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from ..models.layers.mamba import MambaBlock
from ..structures import VLFeatures
from .quiet import no_remarks
from .same_padding import any_size_padding

_STRIDE = 32  # of a trunk that does not say how large its patches are
_MOST = 64  # patches along a side


class ScoreModel(nn.Module):
    """A classifier from normalised pictures to scores.

    Args:
        classifier: Of mmpretrain, with a head of independent labels.

    Raises:
        ValueError: Its head is of another kind.
    """

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        head = getattr(classifier, 'head', None)
        if not isinstance(head, MultiLabelClsHead):
            raise ValueError(
                f'{type(classifier).__name__} with the head {type(head).__name__} has '
                'no score for each label; a MultiLabelClsHead or SimilarityHead has.'
            )
        self.classifier = classifier

    def forward(self, images: Tensor) -> Tensor:
        """Turn pictures (B, 3, H, W), RGB, normalised, into scores (B, C)."""
        return self.classifier(images, mode='tensor').sigmoid()


def stride_of(model: ScoreModel, height: int, width: int) -> int | None:
    """Return of what number of pixels the sides of a picture must be multiples.

    None where the trunk takes pictures of this size alone.
    """
    backbone = model.classifier.backbone
    stride = _STRIDE
    with torch.no_grad():
        feats = backbone(torch.zeros(1, 3, height, width))
        if isinstance(feats, VLFeatures) and height % feats.grid[0] == 0:
            stride = height // feats.grid[0]
        try:
            backbone(torch.zeros(1, 3, height + stride, width + 2 * stride))
        except (AssertionError, RuntimeError, ValueError):  # as trunks say it
            return None
    return stride


def trace_scores(classifier: nn.Module, height: int, width: int) -> ExportedProgram:
    """Export a copy of a classifier, on the CPU and in float32.

    The labels' encodings are constants of the graph, and the text tower is not in it.
    Each scan is one node, torch's higher-order ``scan``.

    Args:
        classifier: As for :class:`ScoreModel`.
        height: Of the pictures that it was tested on.
        width: Of these.

    Returns:
        A program from ``images`` (B, 3, H, W), RGB, normalised, to scores (B, C), for
        any B, and H and W that are multiples of the trunk's stride; of the size given
        alone where the trunk takes no other.

    Raises:
        ValueError: The classifier gives no score for each label.
    """
    model = ScoreModel(copy.deepcopy(classifier).cpu().float().eval())
    model.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, MambaBlock):
            module.scan_backend = 'graph'
    stride = stride_of(model, height, width)
    with torch.no_grad():
        scores = model(torch.zeros(1, 3, height, width))
    batch, rows, columns = _example(scores.shape[1])
    sizes = {0: Dim('batch', max=1024)}
    if stride is not None:
        height, width = rows * stride, columns * stride
        sizes |= {
            axis: stride * Dim(name, min=2, max=_MOST)
            for axis, name in ((2, 'rows'), (3, 'columns'))
        }
    example = torch.zeros(batch, 3, height, width)
    with torch.no_grad(), no_remarks(), any_size_padding():
        model(example)  # what no picture changes is now remembered
        program = torch.export.export(
            model, (example,), dynamic_shapes={'images': sizes}, strict=False
        )
    # They tell whether a view or a copy was taken for another number of pictures, which
    # gives the same scores, and would refuse a single one. Ranges are checked all the
    # same, and torch before 2.9 has none.
    if hasattr(program, '_guards_code'):
        program._guards_code = []
    return program


def _example(labels: int) -> tuple[int, int, int]:
    """Return batch, rows and columns of patches that no other length equals.

    Where two lengths are equal by chance, the graph could take them for the same.
    """
    for batch, rows, columns in ((2, 3, 5), (3, 5, 7), (5, 3, 11)):
        if labels not in (batch, 2 * batch, rows, columns, rows * columns):
            break
    return batch, rows, columns
