"""Write a project: lists, label names, and the config that inherits ours."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from mvlr_stack.outputs import check_output, write_texts

from ..datasets.checking.problems import Problems
from .backbones import Recipe
from .record import Record
from .splits import SPLITS

CONFIG, CLASSES = 'config.py', 'classes.json'
FILES = (CONFIG, CLASSES, *(f'{split}.jsonl' for split in SPLITS))
_TEXT = """\
# {count} pictures with {labels} labels, from {source}
# In this folder: mvlr verify, mvlr train, mvlr test, mvlr infer PICTURES
_base_ = 'mvlr_mm::mvlr/{base}'

data_root = "{{{{ fileDirname }}}}"  # this folder, with the lists and classes.json
pictures = {pictures!r}
train_dataloader = dict(dataset=dict(data_prefix=pictures))
val_dataloader = dict(dataset=dict(data_prefix=pictures))
test_dataloader = dict(dataset=dict(data_prefix=pictures))
{lines}"""


def check_project(folder: Path, overwrite: bool) -> None:
    """Stop where a project cannot be written.

    Args:
        folder: Of the project.
        overwrite: Whether it may replace another one.

    Raises:
        OSError: It may not.
        ValueError: Its name cannot stand in a config.
    """
    if any(sign in str(folder) for sign in '"\\\n{}'):
        raise ValueError(
            f'{folder}: a name with a quote, a backslash or a brace cannot stand in a '
            'config; take another one.'
        )
    for name in FILES:
        check_output('the project file', folder / name, overwrite)


def check_apart(folder: Path, files: Sequence[Path]) -> None:
    """Stop where a project would replace what it is made from.

    Args:
        folder: Of the project.
        files: That were read.

    Raises:
        FileExistsError: One of them has the place of a project's file.
    """
    places = {os.path.realpath(folder / name) for name in FILES}
    for path in files:
        if os.path.realpath(path) in places:
            raise FileExistsError(
                f'the project would replace {path}, which it is made from; name '
                'another folder for it.'
            )


def writable(records: Sequence[Record], problems: Problems) -> list[Record]:
    """Return the records whose pictures have names that a list can hold.

    Args:
        records: Of all splits.
        problems: Where the others are reported.
    """
    root, found = _root(records), []
    for record in records:
        with problems.one_record():
            _line(record, root)
            found.append(record)
    return found


def write_project(
    folder: Path,
    splits: dict[str, list[Record]],
    classes: Sequence[str],
    recipe: Recipe,
    source: Path,
) -> None:
    """Write the files of a project, the config last; all or none.

    Args:
        folder: Of the project; it is made.
        splits: The records of each split.
        classes: All names in index order.
        recipe: What the config says of the model.
        source: What the project is made from.

    Raises:
        ValueError: The name of a picture is not UTF-8.
    """
    records = [record for split in SPLITS for record in splits[split]]
    root, texts = _root(records), {}
    for name in SPLITS:
        lines = [_line(record, root) for record in splits[name]]
        texts[folder / f'{name}.jsonl'] = '\n'.join(lines) + '\n'
    texts[folder / CLASSES] = json.dumps(list(classes), ensure_ascii=False) + '\n'
    inside = Path(root).is_relative_to(folder)  # then the two move together
    texts[folder / CONFIG] = _TEXT.format(
        count=len(records),
        labels=len(classes),
        source=ascii(str(source)),
        base=recipe.base,
        pictures=os.path.relpath(root, folder) if inside else root,
        lines=recipe.lines,
    )
    write_texts(texts)


def _root(records: Sequence[Record]) -> str:
    """Return the folder that all pictures are in."""
    folders = {os.path.dirname(record.image) for record in records}
    return os.path.commonpath(folders) if folders else ''


def _line(record: Record, root: str) -> str:
    image = os.path.relpath(record.image, root)
    try:
        image.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f'{record.where}: the name of the picture, {image!r}, is not UTF-8, as the '
            'lists are; rename it.'
        ) from None
    content = dict(image=image, labels=record.labels)
    for key in ('absent', 'unknown'):
        if getattr(record, key) is not None:
            content[key] = getattr(record, key)
    return json.dumps(content, ensure_ascii=False)
