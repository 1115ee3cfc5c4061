"""A text file with tags beside each picture, as trainers of LoRAs have it (kohya)."""

from ...datasets.checking.problems import Problems
from ...datasets.formats.files import read_text
from ..record import Record, Source, split_of_path
from ..tree import Tree
from .beside import note_without, text_files

_WORDS = 6  # of a label; a longer one is a sentence, mostly


def read_sidecars(tree: Tree, sep: str | None, problems: Problems) -> Source:
    """Read tags, with commas between them; an empty file says there is none.

    Args:
        tree: The source.
        sep: What stands between two tags; None is a comma.
        problems: Where problems go.
    """
    records, files, sentences = [], [], []
    for path, picture in text_files(tree):
        files.append(path)
        with problems.one_record():
            text = read_text(str(path)).replace('\n', sep or ',')
            tags = [tag.strip() for tag in text.split(sep or ',')]
            tags = list(dict.fromkeys(tag for tag in tags if tag))
            sentences += [f'{path}: {t!r}' for t in tags if len(t.split()) > _WORDS]
            split = split_of_path(picture, tree.root)
            records.append(Record(str(path), str(picture), tags, split=split))
    if sentences:
        problems.note(
            f'{len(sentences)} tags read like sentences, first: {sentences[0]}; each '
            'is a label of its own now.'
        )
    note_without(tree, records, 'text file', problems)
    return Source('tags in a text file beside each picture', records, files)
