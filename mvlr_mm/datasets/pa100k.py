"""PA-100K: attributes of pedestrians as multi-label data."""

from typing import ClassVar

import numpy as np
from mmpretrain.registry import DATASETS

from ..argument_checks import check_choice
from ..labels.known import PA100K_CLASSES, PA100K_NAMES
from .checking.checked_dataset import CheckedDataset
from .formats.mat import read_mat, read_strings
from .formats.picture_paths import picture_path

SPLITS = ('train', 'val', 'test')


@DATASETS.register_module()
class PA100K(CheckedDataset):
    """`PA-100K <https://github.com/xh-liu/HydraPlus-Net>`_, 26 attributes.

    Reads the authors' ``annotation.mat``, which needs scipy: 80,000 pictures for
    training, 10,000 for validation and 10,000 for test.

    Args:
        data_root: Folder of everything.
        split: ``train``, ``val`` or ``test``.
        ann_file: The mat file, relative to ``data_root``.
        data_prefix: Folder of the pictures, relative to ``data_root``.
        **kwargs: As for :class:`~.checking.checked_dataset.CheckedDataset`:
            ``check_files``, ``pipeline``, ``indices`` and so on.

    Raises:
        ImportError: scipy is not installed.
        FileNotFoundError: The mat file or a picture is missing.
        ValueError: ``split`` is none of the three; the file is cut off, lacks a part or
            has other attributes; labels are not 0 and 1, or not one row a picture.
    """

    METAINFO: ClassVar[dict] = dict(classes=PA100K_CLASSES)

    def __init__(
        self,
        data_root: str,
        split: str,
        ann_file: str = 'annotation.mat',
        data_prefix: str | dict = 'data',
        **kwargs,
    ) -> None:
        check_choice('split', split, SPLITS)
        self.split = split
        super().__init__(
            ann_file=ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        """Return ``img_path`` and ``gt_label`` of every picture, in file order."""
        images, label = f'{self.split}_images_name', f'{self.split}_label'
        content = read_mat(self.ann_file, ('attributes', images, label))
        names = read_strings(content['attributes'], f'{self.ann_file}: attributes')
        if tuple(names) != PA100K_NAMES:
            pairs = zip(names, PA100K_NAMES, strict=False)
            first = next((f'{a!r}, not {b!r}' for a, b in pairs if a != b), len(names))
            raise ValueError(
                f'{self.ann_file}: attributes must be the 26 of PA-100K in their '
                f'order, first difference: {first}; use the original file.'
            )
        files = read_strings(content[images], f'{self.ann_file}: {images}')
        labels = content[label]
        if labels.shape != (len(files), len(names)):
            raise ValueError(
                f'{self.ann_file}: {label} has the shape {labels.shape}, and must have '
                f'{(len(files), len(names))}; use the original file.'
            )
        for i in np.flatnonzero(~np.isin(labels, (0, 1)).all(axis=1)):
            with self.problems.one_record():
                raise ValueError(
                    f'{self.ann_file}: {label} of {files[i]} (row {i}) has other '
                    'values than 0 and 1; use the original file.'
                )
        data_list = [
            dict(
                img_path=picture_path(self.img_prefix, file),
                gt_label=np.flatnonzero(row == 1).tolist(),
            )
            for file, row in zip(files, labels, strict=True)
        ]
        return self.checked(data_list, lambda i: f'{self.ann_file}: {images}[{i}]')
