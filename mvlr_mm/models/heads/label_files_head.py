"""A head that begins with what files say of its labels."""

import os
from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from ...argument_checks import check_count
from ...labels.graph import LabelGraph, read_label_graph
from ...structures import VLFeatures
from ..text import read_label_vectors
from .named_labels_head import NamedLabelsHead


class LabelFilesHead(NamedLabelsHead):
    """What heads share that read label vectors or a label graph.

    What the files said is in the checkpoint. A model that will get it from there needs
    no files: ``graph=None``, and for ``label_vectors`` their width.

    Attributes:
        vectors: Label vectors (C, V), a buffer, where a subclass adds them.
        graph: What a subclass makes of the counts, (C, C), a buffer.
    """

    named_rows = ('vectors',)
    named_axes = MappingProxyType({'graph': (0, 1)})

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        # buffers without a file: not a number until a checkpoint has filled them
        self._awaited: set[str] = set()

    def add_vectors(self, source: str | int, key: str | None = None) -> int:
        """Register the buffer ``vectors`` and return their width V.

        Args:
            source: Path of a file for :func:`mvlr_mm.models.text.read_label_vectors`,
                or V.
            key: Which array of the file.

        Raises:
            ValueError: The file lacks a label, the labels have no names, or V is below
                1.
        """
        if not isinstance(source, (str, os.PathLike)):
            check_count('label_vectors, a path or a width,', source)
            vectors = torch.full((self.num_labels, source), torch.nan)
            self._awaited.add('vectors')
        else:
            self._need_names(source)
            vectors = read_label_vectors(source, self.classes, key)
        self.register_buffer('vectors', vectors)
        return vectors.shape[1]

    def add_graph(
        self, file: str | None, make: Callable[[LabelGraph], np.ndarray]
    ) -> None:
        """Register the buffer ``graph``.

        Args:
            file: For :func:`mvlr_mm.labels.graph.read_label_graph`, or None.
            make: From the counts to (C, C).

        Raises:
            ValueError: The file lacks a label, or the labels have no names.
        """
        if file is None:
            graph = torch.full((self.num_labels, self.num_labels), torch.nan)
            self._awaited.add('graph')
        else:
            self._need_names(file)
            made = make(read_label_graph(file, self.classes))
            graph = torch.from_numpy(made).float()
        self.register_buffer('graph', graph)

    def without_files(self) -> dict[str, int | None]:
        """Return this head's arguments where a checkpoint takes the files' place."""
        found = {}
        if hasattr(self, 'vectors'):
            found = dict(label_vectors=self.vectors.shape[1], vectors_key=None)
        return {**found, **({'graph': None} if hasattr(self, 'graph') else {})}

    def loss(
        self, feats: VLFeatures, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        """Return ``loss``; see :class:`NamedLabelsHead`.

        Raises:
            ValueError: Neither a file nor a checkpoint has filled a buffer.
        """
        self._check_filled()
        return super().loss(feats, data_samples, **kwargs)

    def predict(
        self, feats: VLFeatures, data_samples: list[DataSample] | None = None
    ) -> list[DataSample]:
        """Set scores and predicted labels; see :class:`NamedLabelsHead`.

        Raises:
            ValueError: Neither a file nor a checkpoint has filled a buffer.
        """
        self._check_filled()
        return super().predict(feats, data_samples)

    def _check_filled(self) -> None:
        for name in sorted(self._awaited):
            # by value: a checkpoint that is made to fit may bring back what was here
            if not getattr(self, name).isnan().any():
                self._awaited.remove(name)
                continue
            argument = 'label_vectors' if name == 'vectors' else name
            raise ValueError(
                f'{type(self).__name__} has no {argument}: give the path of a file, '
                'or load a checkpoint (tools/dataset_converters makes '
                'such files).'
            )

    def _need_names(self, source: str) -> None:
        if self.classes is None:
            raise ValueError(
                f'{type(self).__name__} reads {source} by the names of its labels; '
                'give classes, not num_classes.'
            )
