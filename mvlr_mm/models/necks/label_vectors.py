"""Labels that are vectors from a file, in place of prompts."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn

from ...labels.names import read_label_names
from ...structures import VLFeatures, as_features
from ..layers.named_rows import NamedRows, match_vectors
from ..text import read_label_vectors


@MODELS.register_module()
class LabelVectors(NamedRows, BaseModule):
    """Represent each label by a fixed vector: GloVe, BERT, CLIP, or your own.

    It stands in :class:`PDLR`'s place and needs no text tower. The vectors stay as
    they are; where their width V is not ``embed_dim``, a trainable linear map follows.
    Fills ``hard``, ``soft`` and ``labels`` with the same (C, D).

    Args:
        file: Path of the vectors (``.npz``, ``.npy``, ``.safetensors``, or ``.txt`` as
            GloVe's); see :func:`mvlr_mm.models.text.read_label_vectors`.
        classes: The C label names, ``coco``, or the path of a json list or a text file
            of them; see :func:`mvlr_mm.labels.names.read_label_names`.
        embed_dim: Width D that comes out.
        key: Which array of the file, where it holds several.
        init_cfg: As in mmengine.

    Attributes:
        classes: The label names, a tuple of str.

    Raises:
        FileNotFoundError: ``file`` or ``classes`` is a path that leads nowhere.
        ValueError: ``file`` has no vector for a label, or ``key`` does not fit it.
    """

    provides = ('hard', 'soft', 'labels')
    named_rows = ('vectors',)

    def __init__(
        self,
        file: str,
        classes: Sequence[str] | str,
        embed_dim: int,
        key: str | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.file = file
        self.key = key
        self.register_buffer('vectors', torch.empty(0))
        self.set_classes(read_label_names(classes))
        width = self.vectors.shape[1]
        self.proj = nn.Identity() if width == embed_dim else nn.Linear(width, embed_dim)

    def set_classes(self, classes: Sequence[str]) -> None:
        """Recognise other labels of the file from now on; the linear map stays.

        Args:
            classes: The new label names, distinct and not empty.

        Raises:
            ValueError: A name is empty or occurs twice, or has no vector in the file.
        """
        names = read_label_names(classes)
        vectors = read_label_vectors(self.file, names, self.key)
        self.vectors = vectors.to(self.vectors)
        self.classes = names

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Fill ``hard``, ``soft`` and ``labels``, each (C, D)."""
        labels = self.proj(self.vectors)
        return as_features(feats, 'LabelVectors')._replace(
            hard=labels, soft=labels, labels=labels, names=self.classes
        )

    def match_unnamed(self, state_dict: dict, prefix: str) -> None:
        """Compare the vectors; see :meth:`NamedRows.match_unnamed`."""
        super().match_unnamed(state_dict, prefix)
        stored = state_dict.get(f'{prefix}vectors')
        if stored is not None:
            match_vectors(stored, self.vectors, self.classes, prefix)
