"""NUS-WIDE as the line of ASL splits it: one csv file."""

import csv
import io
from collections.abc import Iterator
from typing import ClassVar

from mmpretrain.registry import DATASETS

from ..argument_checks import check_choice
from ..labels.known import NUSWIDE_CLASSES
from .checking.checked_dataset import CheckedDataset
from .formats.files import read_text
from .formats.label_messages import unknown_label
from .formats.picture_paths import picture_path

SPLITS = ('train', 'val')
_SUFFIXES = ('.jpg', '.jpeg', '.png')


@DATASETS.register_module()
class NUSWIDECSV(CheckedDataset):
    """NUS-WIDE from the csv file of ASL and ML-Decoder, whose split is their own.

    Below a line of headings, three columns: path of the picture, its labels in brackets
    (``"[sky, water]"``, quotes around each or not), ``train`` or ``val``. Results on it
    cannot be compared with those on the official lists (:class:`NUSWIDE`).

    Args:
        ann_file: The csv file, UTF-8, relative to ``data_root``.
        split: ``train`` or ``val``.
        data_root: Folder of everything.
        data_prefix: Folder of the pictures, relative to ``data_root``.
        **kwargs: As for :class:`~.checking.checked_dataset.CheckedDataset`:
            ``check_files``, ``pipeline``, ``indices`` and so on.

    Raises:
        FileNotFoundError: The csv file or a picture is missing.
        ValueError: ``split`` is neither; headings are missing; a line has other columns
            or an unknown label; the split is empty or has a picture twice.
    """

    METAINFO: ClassVar[dict] = dict(classes=NUSWIDE_CLASSES)

    def __init__(
        self,
        ann_file: str,
        split: str,
        data_root: str = '',
        data_prefix: str | dict = '',
        **kwargs,
    ) -> None:
        check_choice('split', split, SPLITS)
        self.split = split
        super().__init__(
            ann_file=ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        """Return ``img_path`` and ``gt_label`` of every picture of the split."""
        index = {name: i for i, name in enumerate(NUSWIDE_CLASSES)}
        data_list, lines = [], []
        for line, row in self._rows():
            where = f'{self.ann_file}:{line}'
            with self.problems.one_record():
                filled = all(map(str.strip, row))
                if len(row) != 3 or not filled or row[2] not in SPLITS:
                    raise ValueError(
                        f'{where}: the line must have a path, labels in brackets, and '
                        f"'train' or 'val', not {row}."
                    )
                path, labels, split = row
                if split != self.split:
                    continue
                names = self._names(labels)
                for i, name in enumerate(names):
                    if name not in index:
                        raise ValueError(unknown_label(name, index, where))
                    if name in names[:i]:
                        raise ValueError(f'{where} has {name!r} twice; keep it once.')
                path = picture_path(self.img_prefix, path.replace('\\', '/'))
                found = sorted(index[name] for name in names)
                data_list.append(dict(img_path=path, gt_label=found))
                lines.append(line)
        return self.checked(data_list, lambda i: f'{self.ann_file}:{lines[i]}')

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the lines below the headings that are not empty, with their numbers."""
        rows = csv.reader(io.StringIO(read_text(self.ann_file), newline=''))
        try:
            headings = next(rows, [])
            is_record = headings[2:] and headings[2] in SPLITS
            if is_record or (headings[:1] and headings[0].lower().endswith(_SUFFIXES)):
                raise ValueError(
                    f'{self.ann_file}:1: the first line must be headings, not '
                    f'{headings}; put filepath,label,split_name above it.'
                )
            for row in rows:
                if row:
                    yield rows.line_num, row
        except csv.Error as error:
            raise ValueError(
                f'{self.ann_file}:{rows.line_num} is not valid csv: {error}; mend the '
                'line.'
            ) from error

    @staticmethod
    def _names(labels: str) -> list[str]:
        inside = labels.strip(' []')
        names = [part.strip(' \'"') for part in inside.split(',')]
        found = [name for name in names if name]
        return found or [inside] if inside else []  # commas alone are no label
