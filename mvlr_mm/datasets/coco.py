"""COCO as multi-label data."""

from itertools import pairwise

import numpy as np
from mmpretrain.registry import DATASETS

from ..argument_checks import check_choice
from .checking.checked_dataset import CheckedDataset
from .formats.coco_index import read_coco_labels
from .formats.coco_labels import COCOLabels
from .formats.picture_paths import picture_path

CLASS_ORDERS = ('id', 'name')


@DATASETS.register_module()
class COCOMultiLabel(CheckedDataset):
    """The labels of a picture are the categories of its boxes.

    Reads `COCO <https://cocodataset.org>`_'s ``instances_{train,val}{2014,2017}.json``
    and any file of that form; the class names are the file's. The first reading leaves
    an index beside the file, which makes the next ones fast.

    Papers differ in what follows. Pictures without boxes: the ML-GCN and ASL lines
    leave them out, Q2L, SSGRL and MVLR keep them. Order of the labels: ML-GCN, ADD-GCN
    and M3TR sort the names, and so do their files of word vectors and co-occurrence;
    the others take the order of the category ids.

    Args:
        ann_file: The json file, relative to ``data_root``.
        data_root: Folder of everything.
        data_prefix: Folder of the pictures, relative to ``data_root``.
        drop_unlabelled: Leave out pictures without boxes.
        drop_crowds: Do not count boxes of crowds (``iscrowd``).
        class_order: ``id`` or ``name``, what the labels are sorted by.
        **kwargs: As for :class:`~.checking.checked_dataset.CheckedDataset`:
            ``check_files``, ``pipeline``, ``indices`` and so on.

    Raises:
        FileNotFoundError: The json file or a picture is missing.
        ValueError: The json file is cut off, lacks a key, contradicts itself or names
            a picture twice; or ``classes`` are given and are not the file's.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: str | dict = '',
        drop_unlabelled: bool = False,
        drop_crowds: bool = False,
        class_order: str = 'id',
        **kwargs,
    ) -> None:
        check_choice('class_order', class_order, CLASS_ORDERS)
        self.drop_unlabelled = drop_unlabelled
        self.drop_crowds = drop_crowds
        self.class_order = class_order
        super().__init__(
            ann_file=ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        """Return ``img_path`` and ``gt_label`` of every picture, in file order."""
        found = read_coco_labels(self.ann_file, self.problems)
        if found.root is not None:
            self.problems.note(
                f'{self.ann_file}: the category {found.root!r} is no label: no box has '
                'it, and it is the supercategory of all others.'
            )
        order = list(range(len(found.names)))
        if self.class_order == 'name':
            order.sort(key=found.names.__getitem__)
        self._set_classes(tuple(found.names[i] for i in order))
        labels = self._labels(found, order)
        kept = [i for i, own in enumerate(labels) if own or not self.drop_unlabelled]
        data_list = [
            dict(
                img_path=picture_path(self.img_prefix, found.files[i]),
                gt_label=labels[i],
            )
            for i in kept
        ]
        return self.checked(data_list, lambda i: f'{self.ann_file}: picture {kept[i]}')

    def _labels(self, found: COCOLabels, order: list[int]) -> list[list[int]]:
        """Return the sorted label indices of every picture."""
        kept = ~found.crowd if self.drop_crowds else np.ones_like(found.crowd)
        picture, label = found.picture[kept], np.argsort(order)[found.category[kept]]
        sorted_labels = label[np.lexsort((label, picture))].tolist()
        ends = np.cumsum(np.bincount(picture, minlength=len(found.files))).tolist()
        return [sorted_labels[start:end] for start, end in pairwise([0, *ends])]

    def _set_classes(self, classes: tuple[str, ...]) -> None:
        """Set the class names; check those that were given.

        Raises:
            ValueError: They differ.
        """
        given = self._metainfo.get('classes')
        if given is not None and tuple(given) != classes:
            pairs = enumerate(zip(given, classes, strict=False))
            at = next((i for i, (a, b) in pairs if a != b), 'the end')
            raise ValueError(
                f'classes {list(given)[:3]}... ({len(given)}) are not the categories '
                f'of {self.ann_file}, {list(classes)[:3]}... ({len(classes)}), in the '
                f'order of their {self.class_order}s: they differ from {at} on. Leave '
                'classes and metainfo out, or mend the names.'
            )
        self._metainfo['classes'] = classes
