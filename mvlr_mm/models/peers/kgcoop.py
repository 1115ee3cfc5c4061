"""KgCoOp: a soft prompt that is kept near the hard one."""

from mmengine.model import BaseModule
from mmpretrain.registry import MODELS

from ...structures import VLFeatures


@MODELS.register_module()
class KgCoOp(BaseModule):
    """Classify by the soft prompts, guided by the hard ones (Yao et al., CVPR 2023).

    It stands behind a :class:`PDLR` with both kinds of prompts. The labels are then the
    soft ones alone, and the head's ``kcr`` loss, ``1 - cos`` of each soft label with
    its hard one, is the paper's guidance (section 3.3; its weight there is 8). No label
    sees the picture.

    Args:
        init_cfg: As in mmengine.
    """

    requires = ('hard', 'soft')
    provides = ('labels', 'knowledge', 'context')

    def __init__(self, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Fill ``labels``, ``knowledge`` and ``context``, each (C, D).

        Raises:
            ValueError: No stage before has filled ``hard`` and ``soft``; or, in
                training, it has one kind alone.
        """
        hard, soft = feats.require('hard', 'KgCoOp'), feats.require('soft', 'KgCoOp')
        if self.training and hard is soft:  # one kind stands for both
            raise ValueError(
                'KgCoOp keeps soft prompts near the hard ones, and the prompt stage '
                "has one kind alone: set its prompts='hard+soft'."
            )
        return feats._replace(labels=soft, knowledge=hard, context=soft)
