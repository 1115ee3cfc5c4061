"""Find out what form a source has, and read it."""

import re
from collections import Counter
from pathlib import Path

from ..apis.picture_sources import SUFFIXES
from ..datasets.checking.problems import Problems
from .forms import lists
from .forms.beside import text_files
from .forms.coco import read_coco
from .forms.folders import read_folders
from .forms.sidecars import read_sidecars
from .forms.voc import read_voc
from .forms.yolo import BOX, YAML, read_yolo
from .names import NAME_FILES
from .record import Source, split_of
from .tree import Tree

FORMS = ('lists', 'coco', 'voc', 'yolo', 'sidecars', 'folders')
_ABOVE = ('annotations', 'labels', 'lists')  # folders beside those of the pictures
_HEAD = 4096  # bytes that tell what a file is
_COCO = re.compile(r'"(images|annotations|categories|licenses|info)"\s*:\s*[\[{]')


def look(
    path: Path,
    problems: Problems,
    form: str | None = None,
    images: Path | None = None,
    classes: tuple[str, ...] | None = None,
    sep: str | None = None,
    project: Path | None = None,
) -> Source:
    """Read the annotations of pictures, whatever their form.

    Args:
        path: A file of annotations, or the folder of everything.
        problems: Where problems go; a record with one is left out.
        form: One of :data:`FORMS`; None finds out.
        images: The folder of the pictures, where they lie elsewhere.
        classes: All names in index order, if they are known.
        sep: What stands between two labels of csv and text.
        project: A folder in the source to pass over.

    Raises:
        FileNotFoundError: There is no such file or folder.
        ValueError: The form cannot be told, or the annotations not be read.
    """
    if not path.exists():
        raise FileNotFoundError(f'--data {path}: there is no such file or folder.')
    folder = path if path.is_dir() else path.parent
    if folder.name in _ABOVE and not path.is_dir():
        folder = folder.parent
    tree = Tree(folder, project)
    fitting = _of_folder(tree) if path.is_dir() else _of_file(path)
    if form is None:
        form = _only(fitting, tree)
    files = fitting.get(form) or []
    if form in ('lists', 'coco') and not files:
        raise ValueError(f'--form {form}: {path} has no file of that form.')
    if images is not None and form not in ('lists', 'coco'):
        raise ValueError(f'--images goes with lists and COCO json, not with {form}.')
    pictures = tree if images is None else Tree(images, project)
    if form == 'lists':
        _refuse_several(files)
        return lists.read_lists(files, pictures, classes, sep, problems)
    if form == 'coco':
        return read_coco(files, pictures, problems)
    if form == 'voc':
        return read_voc(tree, problems)._replace(classes=classes)
    if form == 'yolo':
        yaml = path if path.suffix.lower() in YAML else None
        return read_yolo(tree, classes, problems, yaml)
    read = read_sidecars(tree, sep, problems) if form == 'sidecars' else None
    return (read or read_folders(tree, problems))._replace(classes=classes)


def _of_file(path: Path) -> dict[str, list[Path]]:
    """Return the forms that a file can have."""
    suffix = path.suffix.lower()
    if suffix in YAML:
        return {'yolo': [path]}
    if _is_coco(path):
        return {'coco': [path]}
    return {'lists': [path]} if suffix in lists.SUFFIXES else {}


def _of_folder(tree: Tree) -> dict[str, list[Path]]:
    """Return the forms that a folder can have, with the files that say so."""
    found: dict[str, list[Path]] = {}
    jsons = [path for path in tree.with_suffix('.json') if _is_coco(path)]
    found['coco'] = [p for p in jsons if p.name.startswith('instances')] or jsons
    near = (tree.root, *(tree.root / name for name in _ABOVE))
    found['lists'] = [p for p in tree.files if p.parent in near and _is_list(p)]
    found['voc'] = tree.with_suffix('.xml')
    found['yolo'], found['sidecars'] = [], []
    for path, _ in text_files(tree):
        head = _head(path).strip().partition('\n')[0].strip()
        if head:  # an empty one can be either
            found['yolo' if BOX.fullmatch(head) else 'sidecars'].append(path)
    found = {form: files for form, files in found.items() if files}
    if not found and tree.pictures:
        found['folders'] = []
    return found


def _only(fitting: dict[str, list[Path]], tree: Tree) -> str:
    if len(fitting) == 1:
        return next(iter(fitting))
    if fitting:
        shown = '; '.join(f'{form} ({files[0]})' for form, files in fitting.items())
        raise ValueError(
            f'{tree.root} can be read as {shown}: say which by --form, or name one '
            'file.'
        )
    counts = Counter(path.suffix.lower() or 'no suffix' for path in tree.files)
    there = ', '.join(f'{count} {name}' for name, count in counts.most_common(5))
    raise ValueError(
        f'{tree.root} has no annotations that are understood: csv, jsonl, json or text '
        'lists, COCO json, VOC xml, YOLO or tags in text files beside the pictures, '
        f'one folder a label. It has {there or "no file"}.'
    )


def _refuse_several(files: list[Path]) -> None:
    """Stop where lists are not one, nor one a split, all of one kind."""
    splits = [split_of(path.stem) for path in files]
    kinds = {path.suffix.lower() for path in files}
    fits = None not in splits and len(kinds) == 1 and len(set(splits)) == len(splits)
    if len(files) > 1 and not fits:
        raise ValueError(
            f'{", ".join(path.name for path in files)} in {files[0].parent} are not '
            'one list a split (train, val, test); name one of them.'
        )


def _head(path: Path) -> str:
    if not path.exists():
        raise FileNotFoundError(
            f'{path} is a link that leads nowhere; mend it, or remove it.'
        )
    with open(path, 'rb') as file:
        return file.read(_HEAD).decode('utf-8-sig', errors='replace')


def _is_coco(path: Path) -> bool:
    if path.suffix.lower() != '.json':
        return False
    head = _head(path).lstrip()
    return head.startswith('{') and _COCO.search(head) is not None


def _is_list(path: Path) -> bool:
    suffix = path.suffix.lower()
    if path.name in NAME_FILES or suffix not in lists.SUFFIXES:
        return False
    if suffix == '.json':
        head = _head(path).lstrip()
        return head.startswith('[') and '"image"' in head
    if suffix in ('.txt', '.lst'):
        first = _head(path).strip().partition('\n')[0]
        image = first.partition('\t' if '\t' in first else ' ')[0]
        return image != first and image.lower().endswith(SUFFIXES)
    return True
