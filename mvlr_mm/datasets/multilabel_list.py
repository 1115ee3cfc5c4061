"""Own data as a list: csv, json lines or plain text."""

import os.path as osp
import re
from collections.abc import Iterable, Sequence
from typing import Any

from mmpretrain.registry import DATASETS

from ..known_labels import KNOWN_LABELS, READABLE
from ..label_names import read_label_names
from .checking.checked_dataset import CheckedDataset
from .formats.label_messages import unknown_label
from .formats.label_states import label_states
from .formats.lists import Row, read_list


@DATASETS.register_module()
class MultiLabelList(CheckedDataset):
    r"""Pictures and their labels, one picture a line; the suffix tells the format.

    - ``.jsonl``: ``{"image": "a.jpg", "labels": ["cat", 3]}``; more keys may follow.
    - ``.csv``: columns ``image`` and ``labels``, among others: ``a.jpg,cat;dog``.
    - anything else: ``a.jpg cat dog``. Where paths or names contain spaces, write a tab
      after the path and choose ``sep``: ``a b.jpg<tab>traffic light,dog``.

    A label is a name, or an index into ``classes``. A picture may have none, and a
    label that is not listed is absent. Where that is not known, json lines and csv can
    say so, with one more key or column:

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
        ValueError: The list is empty, names a picture twice, or a line breaks a rule;
            the message names it.
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
        self._by_name = {name: i for i, name in enumerate(classes)}
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
        data_list, lines, left_out = [], [], []
        for row in read_list(self.ann_file, self.sep, self.problems):
            with self.problems.one_record():
                data, unknown = self._read_row(row)
                data_list.append(data)
                lines.append(row.line)
                left_out.append(unknown)
        if any(unknown is not None for unknown in left_out):
            count = len(self._by_name)
            for data, unknown in zip(data_list, left_out, strict=True):
                states = label_states(count, data['gt_label'], unknown or ())
                data['gt_score'] = states
        return self.checked(data_list, lambda i: f'{self.ann_file}:{lines[i]}')

    def _read_row(self, row: Row) -> tuple[dict, set[int] | None]:
        """Return the record and its unknown labels; None where it is not partial."""
        where = f'{self.ann_file}:{row.line}'
        if not isinstance(row.image, str) or not row.image:
            raise ValueError(f'{where}: image ({row.image!r}) must be a path.')
        present = self._found(row.labels, where)
        path = osp.join(self.img_prefix, row.image)
        data = dict(img_path=path, gt_label=sorted(present))
        if row.absent is None and row.unknown is None:
            return data, None
        if row.absent is not None and row.unknown is not None:
            raise ValueError(
                f'{where} has both absent and unknown; keep one: what is in neither '
                'it nor labels follows.'
            )
        named = row.unknown if row.absent is None else row.absent
        marked = self._found(named, where)
        if present & marked:
            name = list(self._by_name)[min(present & marked)]
            key = 'unknown' if row.absent is None else 'absent'
            raise ValueError(
                f'{where}: {name!r} is in labels and in {key}; keep it in one.'
            )
        if row.absent is None:
            return data, marked
        return data, set(range(len(self._by_name))) - present - marked

    def _found(self, labels: Iterable[Any], where: str) -> set[int]:
        found = set()
        for label in labels:
            with self.problems.one_record():
                found.add(self._index(label, where))
        return found

    def _index(self, label: Any, where: str) -> int:
        """Return the index of a label given as a name or as an index."""
        if isinstance(label, str):
            for name in (label, READABLE.get(label)):
                if name in self._by_name:
                    return self._by_name[name]
            if not re.fullmatch(r'-?\d{1,18}', label):
                raise ValueError(unknown_label(label, self._by_name, where))
            label = int(label)
        if not isinstance(label, int) or isinstance(label, bool):
            raise ValueError(f'{where}: label {label!r} must be a name or an index.')
        count = len(self._by_name)
        if not 0 <= label < count:
            raise ValueError(
                f'{where}: label {label} is out of range; there are {count} classes, '
                f'so an index lies in 0 to {count - 1}.'
            )
        return label
