"""Own data as a list: csv, json lines or plain text."""

import csv
import difflib
import io
import os.path as osp
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mmpretrain.datasets import MultiLabelDataset
from mmpretrain.registry import DATASETS

from ..known_labels import KNOWN_LABELS
from ..label_names import read_label_names
from .files import parse_json, read_text, require_keys, require_pictures

# What a reader yields: line number, picture, labels.
Rows = Iterator[tuple[int, str, Sequence[Any]]]


@DATASETS.register_module()
class MultiLabelList(MultiLabelDataset):
    r"""Pictures and their labels, one picture a line; the suffix tells the format.

    - ``.jsonl``: ``{"image": "a.jpg", "labels": ["cat", 3]}``; more keys may follow.
    - ``.csv``: columns ``image`` and ``labels``, among others: ``a.jpg,cat;dog``.
    - anything else: ``a.jpg cat dog``. Where paths or names contain spaces, write a tab
      after the path and choose ``sep``: ``a b.jpg<tab>traffic light,dog``.

    A label is a name, or an index into ``classes``. A picture may have none.

    Args:
        ann_file: The list, UTF-8, relative to ``data_root``.
        classes: The label names in index order; the path of a json list or a text file
            of them, relative to ``data_root``; or a public set's name, ``coco``.
        data_root: Folder of everything.
        data_prefix: Folder of the pictures, relative to ``data_root``.
        sep: What stands between two labels of csv and text; None is ``;`` in csv and
            white space in text.
        check_files: Look whether every picture exists; for a local disk.
        **kwargs: As for :class:`mmpretrain.datasets.MultiLabelDataset`: ``pipeline``,
            ``indices`` and so on.

    Raises:
        FileNotFoundError: The list, the file of names or a picture is missing.
        ValueError: The list is empty, or a line breaks a rule; the message names it.
    """

    def __init__(
        self,
        ann_file: str,
        classes: Sequence[str] | str,
        data_root: str = '',
        data_prefix: str | dict = '',
        sep: str | None = None,
        check_files: bool = True,
        **kwargs,
    ) -> None:
        if sep == '':
            raise ValueError(
                "sep ('') must be a string between two labels, such as ';', or None."
            )
        data_root = osp.expanduser(data_root)
        if isinstance(classes, str) and classes not in KNOWN_LABELS:
            classes = osp.join(data_root, osp.expanduser(classes))
        classes = read_label_names(classes)
        self._by_name = {name: i for i, name in enumerate(classes)}
        self.sep = sep
        self.check_files = check_files
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            classes=classes,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Return ``img_path`` and ``gt_label`` of every picture, in file order."""
        readers: dict[str, Callable[[str], Rows]] = {
            '.jsonl': self._read_jsonl,
            '.csv': self._read_csv,
        }
        suffix = osp.splitext(self.ann_file)[1].lower()
        read = readers.get(suffix, self._read_text)
        data_list = []
        for line, image, labels in read(read_text(self.ann_file)):
            where = f'{self.ann_file}:{line}'
            if not isinstance(image, str) or not image:
                raise ValueError(f'{where}: image ({image!r}) must be a path.')
            found = {self._index(label, where) for label in labels}
            path = osp.join(self.img_prefix, image)
            data_list.append(dict(img_path=path, gt_label=sorted(found)))
        if not data_list:
            raise ValueError(f'ann_file ({self.ann_file}) lists no picture.')
        if self.check_files:
            require_pictures([data['img_path'] for data in data_list], self.ann_file)
        return data_list

    def _read_jsonl(self, text: str) -> Rows:
        # not splitlines(): it also splits at U+2028, which json allows in a string
        for line, content in enumerate(text.split('\n'), 1):
            if not content.strip():
                continue
            where = f'{self.ann_file}:{line}'
            record = parse_json(content, where)
            require_keys(record, ('image', 'labels'), where)
            if not isinstance(record['labels'], list):
                raise ValueError(
                    f'{where}: labels ({record["labels"]!r}) must be a list; '
                    'write [] for a picture without labels.'
                )
            yield line, record['image'], record['labels']

    def _read_csv(self, text: str) -> Rows:
        rows = csv.DictReader(io.StringIO(text, newline=''))
        columns = rows.fieldnames or []
        if not {'image', 'labels'} <= set(columns):
            raise ValueError(
                f"{self.ann_file}:1: the first line must name the columns 'image' and "
                f"'labels', separated by commas; it names {list(columns)}."
            )
        for row in rows:
            if row['labels'] is None or None in row:
                raise ValueError(
                    f'{self.ann_file}:{rows.line_num}: the line must have '
                    f'{len(columns)} columns, as the first; put quotes around a value '
                    'that contains a comma.'
                )
            yield (
                rows.line_num,
                row['image'],
                self._split(row['labels'], self.sep or ';'),
            )

    def _read_text(self, text: str) -> Rows:
        for line, content in enumerate(text.split('\n'), 1):
            content = content.strip('\r ')
            if content:
                path, _, labels = content.partition('\t' if '\t' in content else ' ')
                yield line, path, self._split(labels, self.sep)

    @staticmethod
    def _split(labels: str, sep: str | None) -> list[str]:
        return [part.strip() for part in labels.split(sep) if part.strip()]

    def _index(self, label: Any, where: str) -> int:
        """Return the index of a label given as a name or as an index."""
        if isinstance(label, str):
            if label in self._by_name:
                return self._by_name[label]
            if not re.fullmatch(r'-?\d+', label):
                raise ValueError(self._unknown(label, where))
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

    def _unknown(self, label: str, where: str) -> str:
        lower = {name.lower(): name for name in self._by_name}
        near = difflib.get_close_matches(label.lower(), lower, cutoff=0)
        names = ', '.join(repr(lower[name]) for name in near)
        return (
            f'{where}: unknown label {label!r}, not among the {len(lower)} classes; '
            f'nearest: {names}. Mend the label, or add it to classes.'
        )
