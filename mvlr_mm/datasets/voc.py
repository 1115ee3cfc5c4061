"""PASCAL VOC as multi-label data."""

import os.path as osp
from collections.abc import Sequence

from mmpretrain.registry import DATASETS

from ..known_labels import VOC_CLASSES, VOC_NAMES
from ..label_names import read_label_names
from .checking.checked_dataset import CheckedDataset
from .formats.files import read_text
from .formats.label_states import label_states
from .formats.voc_files import Labels, read_class_lists, read_xml

DIFFICULT = ('positive', 'negative', 'ignored')
SOURCES = ('xml', 'lists')


@DATASETS.register_module()
class VOCMultiLabel(CheckedDataset):
    """`PASCAL VOC <http://host.robots.ox.ac.uk/pascal/VOC/>`_ 2007 or 2012.

    A label is difficult in a picture where all its objects are. Papers treat those in
    four ways; each data set of a config chooses for itself, and the default is the
    paper's line:

    =======================  ============  ===================================
    line                     training      evaluation
    =======================  ============  ===================================
    ML-GCN, ADD-GCN, M3TR    ``positive``  ``ignored``, and ``unknown='negative'``
                                           in ``MultiLabelProtocol``
    SSGRL, C-Tran, DualCoOp  ``negative``  ``negative``
    SALGL                    ``positive``  ``ignored``
    CSRA, MMPretrain         ``negative``  ``ignored``
    =======================  ============  ===================================

    Args:
        data_root: The folder with ``ImageSets``, ``Annotations`` and ``JPEGImages``,
            such as ``data/VOCdevkit/VOC2007``.
        ann_file: The list of pictures, relative to ``data_root``.
        data_prefix: Folder of the pictures, relative to ``data_root``.
        difficult: What difficult labels are: ``positive``, ``negative`` or ``ignored``
            (-1 in ``gt_score``, left out by losses and metrics). None is ``ignored``
            with ``test_mode``, else ``positive``.
        source: Where the labels are read: ``xml`` from ``Annotations``, or ``lists``
            from ``<class>_<set>.txt`` beside ``ann_file``. Both say the same.
        classes: Other names than VOC's, for data in its format.
        test_mode: As in mmengine; for validation and test.
        **kwargs: As for :class:`~.checking.checked_dataset.CheckedDataset`:
            ``check_files``, ``pipeline``, ``indices`` and so on.

    Raises:
        FileNotFoundError: A list, an annotation or a picture is missing.
        ValueError: An argument is not one of its choices; a file is cut off, in another
            encoding or malformed; an object has no class; a list is empty, names a
            picture twice, or lists of classes differ in their pictures.
    """

    def __init__(
        self,
        data_root: str,
        ann_file: str = 'ImageSets/Main/trainval.txt',
        data_prefix: str | dict = 'JPEGImages',
        difficult: str | None = None,
        source: str = 'xml',
        classes: Sequence[str] | str = 'voc',
        test_mode: bool = False,
        **kwargs,
    ) -> None:
        if difficult is None:
            difficult = 'ignored' if test_mode else 'positive'
        for name, value, choices in (
            ('difficult', difficult, DIFFICULT),
            ('source', source, SOURCES),
        ):
            if value not in choices:
                raise ValueError(f'{name} ({value!r}) must be one of {choices}.')
        self.difficult, self.source = difficult, source
        classes = read_label_names(classes)
        # as the files write them
        self._names = VOC_NAMES if classes == VOC_CLASSES else classes
        super().__init__(
            data_root=data_root,
            ann_file=ann_file,
            data_prefix=data_prefix,
            classes=classes,
            test_mode=test_mode,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Return ``img_path`` and ``gt_label`` of every picture, in the list's order.

        ``gt_score`` too, where difficult labels are left out.
        """
        lines = [line.split() for line in read_text(self.ann_file).split('\n')]
        ids = [words[0] for words in lines if words]
        read = self._from_xml if self.source == 'xml' else self._from_lists
        data_list = [
            self._record(name, labels)
            for name, labels in zip(ids, read(ids), strict=True)
        ]
        return self.checked(data_list, lambda i: f'{self.ann_file}: picture {i}')

    def _from_xml(self, ids: list[str]) -> list[Labels]:
        folder = osp.join(self.data_root, 'Annotations')
        found = []
        for name in ids:
            labels = Labels(set(), set())
            with self.problems.one_record():
                labels = read_xml(
                    osp.join(folder, f'{name}.xml'), self._names, self.problems
                )
            found.append(labels)
        return found

    def _from_lists(self, ids: list[str]) -> list[Labels]:
        folder, file = osp.split(self.ann_file)
        found = read_class_lists(
            folder, osp.splitext(file)[0], self._names, self.problems
        )
        missing = [name for name in ids if name not in found]
        if missing:
            with self.problems.one_record():
                raise ValueError(
                    f'{len(missing)} of the {len(ids)} pictures in {self.ann_file} are '
                    f'in no list of a class beside it, first: {missing[0]}; copy the '
                    "lists again, or read the labels with source='xml'."
                )
        return [found.get(name, Labels(set(), set())) for name in ids]

    def _record(self, name: str, labels: Labels) -> dict:
        present = labels.present
        if self.difficult == 'positive':
            present = present | labels.difficult
        path = osp.join(self.img_prefix, f'{name}.jpg')
        data = dict(img_path=path, gt_label=sorted(present))
        if self.difficult == 'ignored':
            count = len(self._names)
            data['gt_score'] = label_states(count, present, labels.difficult)
        return data
