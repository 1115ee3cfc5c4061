"""What all registered data sets share."""

import os.path as osp
from collections.abc import Callable
from typing import Any

from mmpretrain.datasets import MultiLabelDataset

from ..hidden_labels import HiddenLabels
from .problems import RAISED, Problems
from .records import check_records


class CheckedDataset(MultiLabelDataset):
    """A list of pictures and labels that checks what it reads.

    Args:
        ann_file: The annotations, relative to ``data_root``.
        data_root: Folder of everything; ``~`` is the home folder.
        data_prefix: Folder of the pictures, relative to ``data_root``.
        check_files: Look whether every picture exists; for a local disk.
        hide: Which labels are hidden, of :class:`~mvlr_mm.datasets.hidden_labels.
            HiddenLabels`: ``dict(known=0.1, seed=0)``; None for none.
        problems: Where problems go; the first is raised unless they are collected.
        **kwargs: As for :class:`mmpretrain.datasets.MultiLabelDataset`: ``pipeline``,
            ``indices`` and so on.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: str | dict = '',
        check_files: bool = True,
        hide: dict[str, Any] | None = None,
        problems: Problems = RAISED,
        **kwargs,
    ) -> None:
        self.check_files, self.problems = check_files, problems
        self.hide = None if hide is None else HiddenLabels(**hide)
        super().__init__(
            ann_file=ann_file,
            data_root=osp.expanduser(data_root),
            data_prefix=data_prefix,
            **kwargs,
        )

    def filter_data(self) -> list[dict]:
        """Return the records, some of whose labels are hidden."""
        records = super().filter_data()
        if self.hide is None:
            return records
        return self.hide.of_records(records, len(self.metainfo['classes']))

    def checked(self, data_list: list[dict], place: Callable[[int], str]) -> list[dict]:
        """Return the records, checked.

        Args:
            data_list: Records with ``img_path``.
            place: Where the record of an index stands, for the message.

        Raises:
            FileNotFoundError: Some pictures do not exist.
            ValueError: There is no record, or two have the same picture.
        """
        check_records(data_list, self.ann_file, place, self.check_files, self.problems)
        return data_list
