"""Text files with a word and its vector a line, such as GloVe's."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from ...weight_files import find_stub


def read_word_vectors(file: Path, wanted: Collection[str]) -> dict[str, np.ndarray]:
    """Return the vectors, each (V,) float32, of the wanted words that the file has.

    A token may hold spaces, as some of GloVe's do: the last V fields of a line are the
    numbers, and V is that of the first line, or of word2vec's heading "words V".

    Args:
        file: UTF-8 text.
        wanted: Words to look for.

    Raises:
        ValueError: The file is no text of words and vectors.
    """
    with file.open('rb') as stream:
        fault = find_stub(stream.read(512))
    if fault is not None:
        raise ValueError(f'file ({file}) {fault}.')
    found: dict[str, np.ndarray] = {}
    begins = {word.split(' ')[0] for word in wanted}
    width = 0
    number = 0
    try:
        with file.open(encoding='utf-8-sig', newline='\n') as lines:
            for number, line in enumerate(lines, 1):
                if number > 1 and line.partition(' ')[0] not in begins:
                    continue
                fields = line.rstrip().split(' ')
                if number == 1:
                    heading = len(fields) == 2 and fields[0].isdigit()
                    width = int(fields[1]) if heading else len(fields) - 1
                    if width < 1:
                        raise ValueError('it has no number')
                    if heading:
                        continue
                word = ' '.join(fields[:-width])
                if word in wanted:
                    found[word] = np.array(fields[-width:], dtype=np.float32)
    except ValueError as error:  # no UTF-8, or no number
        raise ValueError(
            f'file ({file}) has no word with a vector of {width} numbers in line '
            f"{number or 1} ({error}); give a text file such as GloVe's."
        ) from error
    return found
