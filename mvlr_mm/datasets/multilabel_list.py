"""Own data as a list: csv, json lines or plain text."""

import os.path as osp
from collections.abc import Sequence

import numpy as np
from mmpretrain.registry import DATASETS

from ..labels.known import KNOWN_LABELS
from ..labels.names import read_label_names
from .checking.checked_dataset import CheckedDataset
from .formats.label_states import label_states
from .formats.lists import read_list
from .formats.long_lists import merge_long
from .formats.one_hot import read_one_hot
from .formats.picture_paths import picture_path
from .formats.rows import Row
from .formats.written_labels import WrittenLabels


@DATASETS.register_module()
class MultiLabelList(CheckedDataset):
    r"""Pictures and their labels, one picture a record; the suffix tells the format.

    - ``.jsonl``, ``.ndjson``: ``{"image": "a.jpg", "labels": ["cat", 3]}`` a line;
      ``.json``: an array of such records. More keys may follow, and are noted.
    - ``.csv``: columns ``image`` and ``labels``, among others: ``a.jpg,cat;dog``.
    - anything else: ``a.jpg cat dog``. Where paths or names contain spaces, write a tab
      after the path and choose ``sep``: ``a b.jpg<tab>traffic light,dog``.

    A label is a name, or an index into ``classes``; where a class is named by a number,
    names alone. Two other forms are understood where all of the list fits, and noted in
    the log: one value of 0 or 1 a class instead of labels, and one row a label instead
    of one a picture.

    A picture may have no label (in text: only a tab after its path), and a label that
    is not listed is absent. Where that is not known, json and csv can say so, with one
    more key or column:

    - ``absent``: these labels are absent, and what is in neither list is unknown;
    - ``unknown``: these labels are unknown, and what is in neither list is absent.

    As soon as one record has either, ``gt_score`` (C,) holds the states of every
    picture's labels: 1, 0, and -1 for unknown, which losses and metrics leave out.

    Args:
        ann_file: The list, UTF-8, relative to ``data_root``.
        classes: The label names in index order; the path of a json list or a text file
            of them, relative to ``data_root``; or a public set's name, ``coco``.
        data_root: Folder of everything.
        data_prefix: Folder of the pictures, relative to ``data_root``.
        sep: What stands between two labels of csv and text, one string or several; None
            is ``;`` in csv and white space in text.
        **kwargs: As for :class:`~.checking.checked_dataset.CheckedDataset`:
            ``check_files``, ``pipeline``, ``indices`` and so on.

    Raises:
        FileNotFoundError: The list, the file of names or a picture is missing.
        ValueError: The list is empty, names a picture or a label of it twice, or a
            record breaks a rule; the message names it.
    """

    def __init__(
        self,
        ann_file: str,
        classes: Sequence[str] | str,
        data_root: str = '',
        data_prefix: str | dict = '',
        sep: str | Sequence[str] | None = None,
        **kwargs,
    ) -> None:
        if sep is not None and (not sep or '' in tuple(sep)):
            raise ValueError(
                f"sep ({sep!r}) must be a string between two labels, such as ';', "
                'several of them, or None.'
            )
        data_root = osp.expanduser(data_root)
        if isinstance(classes, str) and classes not in KNOWN_LABELS:
            classes = osp.join(data_root, osp.expanduser(classes))
        classes = read_label_names(classes)
        self.written = WrittenLabels(classes)
        self.sep = sep
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            classes=classes,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Return ``img_path`` and ``gt_label`` of every picture, in file order.

        ``gt_score`` too, if a record is partially labelled.
        """
        classes = self.written.classes
        rows = list(read_list(self.ann_file, self.sep, self.problems))
        rows = read_one_hot(rows, classes, self.ann_file, self.problems)
        data_list, places = [], []
        for row in merge_long(rows, self.ann_file, self.problems):
            with self.problems.one_record():
                data_list.append(self._read_row(row))
                places.append(row.where)
        if any('gt_score' in data for data in data_list):
            for data in data_list:
                whole = label_states(len(classes), data['gt_label'], ())
                data.setdefault('gt_score', whole)
        return self.checked(data_list, places.__getitem__)

    def _read_row(self, row: Row) -> dict:
        """Return the record, with ``gt_score`` where the row is a partial one."""
        if not isinstance(row.image, str) or not row.image.strip():
            raise ValueError(f'{row.where}: image ({row.image!r}) must be a path.')
        present = self.written.indices(row.labels, row.where, self.problems)
        path = picture_path(self.img_prefix, row.image)
        data = dict(img_path=path, gt_label=sorted(present))
        if row.absent is None and row.unknown is None:
            return data
        if row.absent is not None and row.unknown is not None:
            raise ValueError(
                f'{row.where} has both absent and unknown; keep one: what is in '
                'neither it nor labels follows.'
            )
        named = row.unknown if row.absent is None else row.absent
        marked = self.written.indices(named, row.where, self.problems)
        if present & marked:
            name = self.written.classes[min(present & marked)]
            key = 'unknown' if row.absent is None else 'absent'
            raise ValueError(
                f'{row.where}: {name!r} is in labels and in {key}; keep it in one.'
            )
        count = len(self.written.classes)
        if row.absent is None:
            return data | dict(gt_score=label_states(count, present, marked))
        unknown = np.ones(count, dtype=bool)
        unknown[[*present, *marked]] = False
        return data | dict(gt_score=label_states(count, present, unknown))
