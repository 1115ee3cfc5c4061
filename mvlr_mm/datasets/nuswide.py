"""NUS-WIDE as multi-label data, from its official lists."""

import logging
import os.path as osp
from typing import ClassVar

import numpy as np
from mmengine.logging import print_log
from mmpretrain.registry import DATASETS

from ..argument_checks import check_choice
from ..labels.known import NUSWIDE_CLASSES
from .checking.checked_dataset import CheckedDataset
from .checking.problems import Problems
from .formats.columns import read_columns, read_image_list
from .formats.picture_paths import picture_path

# Pictures with at least one of the 81 concepts.
COUNTS = {'train': 125_449, 'test': 83_898}


@DATASETS.register_module()
class NUSWIDE(CheckedDataset):
    r"""NUS-WIDE, 81 concepts, the official split; pictures without labels dropped.

    Reads ``ImageList/TrainImagelist.txt`` (a line: ``actor\0001_2124494179.jpg``), and
    below ``Groundtruth`` the first of these that is there: ``Labels_Train.txt``, 81
    columns of 0 and 1; ``TrainTestLabels/Labels_<concept>_Train.txt``, a column each;
    ``AllLabels/Labels_<concept>.txt``, for the pictures of ``ImageList/Imagelist.txt``.

    A warning says if the number of pictures is not that of the official lists, which is
    the paper's: 125,449 for training and 83,898 for test.

    Args:
        data_root: The folder with ``ImageList`` and ``Groundtruth``.
        split: ``train`` or ``test``.
        data_prefix: Folder of the pictures, relative to ``data_root``.
        **kwargs: As for :class:`~.checking.checked_dataset.CheckedDataset`:
            ``check_files``, ``pipeline``, ``indices`` and so on.

    Raises:
        FileNotFoundError: A list, the labels or a picture is missing.
        ValueError: ``split`` is neither; labels are not 0 and 1, or not one row a
            picture; a list is empty or names a picture twice.
    """

    METAINFO: ClassVar[dict] = dict(classes=NUSWIDE_CLASSES)

    def __init__(
        self,
        data_root: str,
        split: str,
        data_prefix: str | dict = 'Flickr',
        **kwargs,
    ) -> None:
        check_choice('split', split, COUNTS)
        self.split = split
        super().__init__(
            ann_file=f'ImageList/{split.title()}Imagelist.txt',
            data_root=data_root,
            data_prefix=data_prefix,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Return ``img_path`` and ``gt_label`` of every picture with a label."""
        files = read_image_list(self.ann_file)
        labels = self._read_labels(files)
        data_list = [
            dict(
                img_path=picture_path(self.img_prefix, file),
                gt_label=row.nonzero()[0].tolist(),
            )
            for file, row in zip(files, labels, strict=True)
            if row.any()
        ]
        self.checked(data_list, lambda i: f'{self.ann_file}: labelled picture {i}')
        expected = COUNTS[self.split]
        if len(data_list) != expected:
            print_log(
                f'{self.ann_file}: {len(data_list):,} pictures have a label, but '
                f'{expected:,} have in the official lists, so results cannot be '
                'compared with those on all of them.',
                'current',
                logging.WARNING,
            )
        return data_list

    def _read_labels(self, files: list[str]) -> np.ndarray:
        """Return the labels (N, 81), uint8, of the pictures of the split."""
        part, folder = self.split.title(), osp.join(self.data_root, 'Groundtruth')
        merged = osp.join(folder, f'Labels_{part}.txt')
        if osp.isfile(merged):
            return read_columns(merged, len(files), len(NUSWIDE_CLASSES))
        split_path = osp.join(folder, 'TrainTestLabels', f'Labels_{{}}_{part}.txt')
        all_path = osp.join(folder, 'AllLabels', 'Labels_{}.txt')
        if osp.isfile(split_path.format(NUSWIDE_CLASSES[0])):
            return _read_concepts(split_path, len(files), self.problems)
        if not osp.isfile(all_path.format(NUSWIDE_CLASSES[0])):
            raise FileNotFoundError(
                f'no labels: none of {merged}, {split_path} and {all_path} exists, '
                f'{{}} being a concept such as {NUSWIDE_CLASSES[0]}; check data_root.'
            )
        every = read_image_list(osp.join(osp.dirname(self.ann_file), 'Imagelist.txt'))
        row_of = {file: i for i, file in enumerate(every)}
        if len(row_of) < len(every):
            twice = next(file for i, file in enumerate(every) if row_of[file] != i)
            raise ValueError(
                f'{osp.dirname(self.ann_file)}/Imagelist.txt has {twice} twice, so its '
                'labels are not known; copy the original list.'
            )
        missing = [file for file in files if file not in row_of]
        if missing:
            raise ValueError(
                f'{self.ann_file}: {len(missing)} pictures are not in Imagelist.txt '
                f'beside it, first: {missing[0]}; copy both lists again.'
            )
        labels = _read_concepts(all_path, len(every), self.problems)
        return labels[[row_of[file] for file in files]]


def _read_concepts(pattern: str, rows: int, problems: Problems) -> np.ndarray:
    """Return the columns of every concept's file side by side, (rows, 81)."""
    labels = np.zeros((rows, len(NUSWIDE_CLASSES)), np.uint8)
    for i, concept in enumerate(NUSWIDE_CLASSES):
        with problems.one_record():
            labels[:, i] = read_columns(pattern.format(concept), rows, 1)[:, 0]
    return labels
