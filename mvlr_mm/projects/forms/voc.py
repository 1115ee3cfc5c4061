"""PASCAL VOC's xml files, one a picture."""

from pathlib import Path

from ...datasets.checking.problems import Problems
from ...datasets.formats.voc_lists import read_ids
from ...datasets.formats.voc_xml import read_xml
from ...labels.known import READABLE, VOC_NAMES
from ..record import Record, Source, split_of, split_of_path
from ..tree import Tree
from .beside import note_without


class _Growing(list):
    """Names of labels; one that is asked for is there from then on."""

    def __contains__(self, name: object) -> bool:
        if name and not super().__contains__(name):
            self.append(name)
        return bool(name)


def read_voc(tree: Tree, problems: Problems) -> Source:
    """Read the labels of pictures from their objects, those that are difficult, too.

    Args:
        tree: The source; lists in ``ImageSets/Main`` are its splits.
        problems: Where problems go.
    """
    names, records, difficult = _Growing(), [], 0
    files = tree.with_suffix('.xml')
    lists = [path for path in tree.files if path.parts[-3:-1] == ('ImageSets', 'Main')]
    split_at = _splits(lists)
    for path in files:
        with problems.one_record():
            split = split_of_path(path, tree.root)
            if lists:
                split = split_at.get(path.stem)
            found = read_xml(str(path), names)
            image = tree.find(path.stem, path.parent, split, str(path))
            difficult += bool(found.difficult)
            indices = sorted(found.present | found.difficult)
            labels = [names[i] for i in indices]
            records.append(Record(str(path), image, labels, split=split))
    if set(names) <= set(VOC_NAMES):  # as a prompt needs them
        records = [
            record._replace(labels=[READABLE.get(name, name) for name in record.labels])
            for record in records
        ]
    if difficult:
        problems.note(f'{difficult} pictures have labels of difficult objects alone.')
    note_without(tree, records, 'xml file', problems)
    return Source('VOC xml, one file a picture', records, [*files, *lists])


def _splits(lists: list[Path]) -> dict[str, str]:
    """Return the split of each id; the lists of single classes say nothing new."""
    names = {path.stem: path for path in lists}
    parts = ('trainval', 'train', 'val', 'test')  # a later one counts
    found = {}
    for part in parts:
        if part in names:
            found |= {name: split_of(part) for _, name in read_ids(str(names[part]))}
    return found
