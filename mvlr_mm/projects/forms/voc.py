"""PASCAL VOC's xml files, one a picture."""

from collections import defaultdict
from pathlib import Path

from ...datasets.checking.problems import Problems
from ...datasets.formats.voc_lists import read_ids
from ...datasets.formats.voc_xml import read_xml
from ...labels.known import READABLE, VOC_NAMES
from ..record import Record, Source, split_of, split_of_path
from ..tree import Tree
from .beside import note_without

_PARTS = ('trainval', 'train', 'val', 'test')  # a later one counts


class _Growing(list):
    """Names of labels; one that is asked for is there from then on."""

    def __contains__(self, name: object) -> bool:
        if name and not super().__contains__(name):
            self.append(name)
        return bool(name)


def read_voc(tree: Tree, problems: Problems) -> Source:
    """Read the labels of pictures from their objects, those that are difficult, too.

    Args:
        tree: The source; lists in ``ImageSets/Main`` are its splits. Where there are
            such lists, a file that is in none of them is left out.
        problems: Where problems go.

    Raises:
        ValueError: There are lists, and they name no file.
    """
    names, records, difficult = _Growing(), [], 0
    files = tree.with_suffix('.xml')
    lists = _lists(tree)
    split_at = _splits(lists, files) if lists else {}
    listed = [path for path in files if path in split_at] if lists else files
    if len(listed) < len(files):
        others = [path for path in files if path not in split_at]
        problems.note(
            f'{len(others)} xml files are in no list of ImageSets/Main, and are left '
            f'out, first: {others[0]}.'
        )
    for path in listed:
        with problems.one_record():
            split = split_at.get(path) or split_of_path(path, tree.root)
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


def _lists(tree: Tree) -> list[Path]:
    """Return the lists of splits; those of single classes say nothing new."""
    lists = [path for path in tree.files if path.parts[-3:-1] == ('ImageSets', 'Main')]
    lists = [path for path in lists if path.suffix == '.txt' and path.stem in _PARTS]
    return sorted(lists, key=lambda path: _PARTS.index(path.stem))


def _splits(lists: list[Path], files: list[Path]) -> dict[Path, str]:
    """Return the split of each file that a list names, of the folder that both are in.

    Raises:
        ValueError: The lists name none.
    """
    kits = {path.parents[2] for path in lists}
    named = defaultdict(list)
    for path in files:
        kit = next((folder for folder in path.parents if folder in kits), None)
        named[kit, path.stem].append(path)
    found = {}
    for path in lists:
        kit = path.parents[2]
        for line, name in read_ids(str(path)):
            # an id may end like a line of the list of a class: "p 1"
            own = named.get((kit, line)) or named.get((kit, name), ())
            found |= dict.fromkeys(own, split_of(path.stem))
    if not found:
        raise ValueError(
            f'{lists[0]} and the lists beside it name no xml file; write the names of '
            'the files without .xml, or take the lists away.'
        )
    return found
