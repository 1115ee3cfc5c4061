"""PASCAL VOC as multi-label data."""

import os.path as osp
from collections.abc import Sequence

from mmpretrain.registry import DATASETS

from ..argument_checks import check_choice
from ..labels.known import VOC_CLASSES, VOC_NAMES
from ..labels.names import read_label_names
from .checking.checked_dataset import CheckedDataset
from .formats.label_states import label_states
from .formats.picture_paths import PicturesByStem, picture_path
from .formats.voc_labels import VOCLabels
from .formats.voc_lists import read_class_lists, read_ids
from .formats.voc_xml import read_xml

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
        data_prefix: Folder of the pictures, relative to ``data_root``. A picture is the
            file there with the name of the list and any suffix of pictures.
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
            encoding, malformed or of another kind; an object has no class; a list is
            empty, names a picture twice, contradicts itself or lacks a picture.
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
        check_choice('difficult', difficult, DIFFICULT)
        check_choice('source', source, SOURCES)
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
        pictures = PicturesByStem(self.img_prefix)
        ids = [self._id(*line, pictures) for line in read_ids(self.ann_file)]
        read = self._from_xml if self.source == 'xml' else self._from_lists
        data_list = []
        for name, labels in zip(ids, read(ids), strict=True):
            with self.problems.one_record():
                data_list.append(self._record(_path(name, pictures), labels))
        return self.checked(data_list, lambda i: f'{self.ann_file}: picture {i}')

    def _id(self, line: str, without_value: str, pictures: PicturesByStem) -> str:
        """Return the id of a picture; its name may end like the list of a class."""
        if line != without_value and (
            pictures.find(line) or osp.isfile(self._xml(line))
        ):
            return line
        return without_value

    def _xml(self, name: str) -> str:
        return osp.join(self.data_root, 'Annotations', f'{name}.xml')

    def _from_xml(self, ids: list[str]) -> list[VOCLabels]:
        found = []
        for name in ids:
            labels = VOCLabels(set(), set())
            with self.problems.one_record():
                labels = read_xml(self._xml(name), self._names, self.problems)
            found.append(labels)
        return found

    def _from_lists(self, ids: list[str]) -> list[VOCLabels]:
        folder, file = osp.split(self.ann_file)
        part = osp.splitext(file)[0]
        return read_class_lists(folder, part, self._names, ids, self.problems)

    def _record(self, path: str, labels: VOCLabels) -> dict:
        present = labels.present
        if self.difficult == 'positive':
            present = present | labels.difficult
        data = dict(img_path=path, gt_label=sorted(present))
        if self.difficult == 'ignored':
            count = len(self._names)
            data['gt_score'] = label_states(count, present, labels.difficult)
        return data


def _path(name: str, pictures: PicturesByStem) -> str:
    usual, found = picture_path(pictures.prefix, f'{name}.jpg'), pictures.find(name)
    if usual in found or not found:
        return usual
    if len(found) > 1:
        raise ValueError(
            f'the picture {name} can be {" or ".join(found)}; keep one of them.'
        )
    return found[0]
