"""Read what labels need from COCO's json: without its polygons, block by block."""

import json
import re
from collections.abc import Iterator
from typing import Any

from .files import distinct_keys, read_text
from .misspelt import looks_like

# Arrays of numbers are nine tenths of the file. Neither a quote nor a brace can be
# inside of one, and what follows shows that it was the whole array.
_NUMBERS = re.compile(
    rb'"(?:segmentation|counts|bbox|keypoints)"\s*:\s*\[[^"{}]*\]'
    rb'(?=\s*(?:\}|,\s*"[^"\\]*"\s*:))'
)
_REPLACEMENT = b'"":0'
_BLOCK = 1 << 24
# What is read of each part. Dropping the other keys while parsing keeps objects small.
IMAGE_KEYS = ('id', 'file_name', 'neg_category_ids')
BOX_KEYS = ('id', 'image_id', 'category_id', 'iscrowd')
CATEGORY_KEYS = ('id', 'name', 'supercategory')
_PARTS = ('images', 'annotations', 'categories')
_KEYS = frozenset((*_PARTS, *IMAGE_KEYS, *BOX_KEYS, *CATEGORY_KEYS))
_KNOWN = tuple(sorted(_KEYS))


def read_coco_json(path: str) -> Any:
    """Return the json value of COCO's annotations, with the keys that labels need.

    Keys that look like one of these are kept as well, for whoever knows the place.

    Args:
        path: An ``instances_*.json``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not UTF-8, not json, or ends too early.
    """
    try:
        text = b''.join(_without_numbers(path)).decode('utf-8-sig')
    except (FileNotFoundError, UnicodeDecodeError):
        text = read_text(path)  # which says what is wrong
    try:
        return json.loads(text, object_pairs_hook=_needed)
    except json.JSONDecodeError as error:
        # the position is that in the shortened text, so the text itself is shown
        near = (
            f'{error.msg} near {error.doc[max(error.pos - 40, 0) : error.pos + 20]!r}'
        )
        raise _invalid(path, near) from error
    except (ValueError, RecursionError) as error:
        raise _invalid(path, str(error)) from error


def _without_numbers(path: str, block: int = _BLOCK) -> Iterator[bytes]:
    """Yield the file in pieces, with 0 in the place of each array of numbers."""
    rest = b''
    with open(path, 'rb') as file:
        while new := file.read(block):
            rest += new
            # no array that is replaced reaches across a brace
            cut = max(rest.rfind(b'{'), 0)
            yield _NUMBERS.sub(_REPLACEMENT, rest[:cut])
            rest = rest[cut:]
    yield _NUMBERS.sub(_REPLACEMENT, rest)


def _needed(pairs: list[tuple[str, Any]]) -> dict:
    return distinct_keys(
        [pair for pair in pairs if pair[0] in _KEYS or looks_like(pair[0], _KNOWN)]
    )


def _invalid(path: str, why: str) -> ValueError:
    return ValueError(
        f'{path} is not valid json, or was cut off: {why}; copy or write it again.'
    )
