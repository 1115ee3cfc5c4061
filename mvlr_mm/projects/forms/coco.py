"""COCO's json files, one or one a split."""

from collections.abc import Sequence
from pathlib import Path

from ...datasets.checking.problems import CollectedProblems, Problems
from ...datasets.formats.coco_json import read_coco_json
from ...datasets.formats.coco_labels import parse_coco_labels
from ..record import Record, Source, split_of, split_of_path
from ..tree import Tree


def read_coco(files: Sequence[Path], tree: Tree, problems: Problems) -> Source:
    """Read the labels of pictures from their boxes.

    Args:
        files: The json files.
        tree: Where the pictures are.
        problems: Where problems go.

    Raises:
        ValueError: A file contradicts itself, or has other categories than the first.
    """
    classes, records = None, []
    for path in files:
        wrong = CollectedProblems()
        found = parse_coco_labels(read_coco_json(str(path)), str(path), wrong)
        if wrong.found:  # a box that is left out would be a label that is not there
            raise ValueError(
                f'{len(wrong.found)} problems of {path}, first: '
                + ' '.join(wrong.found[:3])
            )
        if found.root is not None:
            problems.note(
                f'{path}: the category {found.root!r} is no label: no box has it, and '
                'it is the supercategory of all others.'
            )
        if classes is not None and tuple(found.names) != classes:
            raise ValueError(f'{path} has other categories than {files[0]}.')
        classes = tuple(found.names)
        labels: list[list[int]] = [[] for _ in found.files]
        for picture, category in zip(found.picture, found.category, strict=True):
            labels[picture].append(int(category))
        split = split_of(path.stem) or split_of_path(path, tree.root)
        for i, (name, own) in enumerate(zip(found.files, labels, strict=True)):
            where = f'{path}: picture {i}'
            with problems.one_record():
                image = tree.find(name, path.parent, split, where)
                records.append(Record(where, image, own, split=split))
    names = ', '.join(path.name for path in files)
    return Source(f'COCO json ({names})', records, list(files), classes)
