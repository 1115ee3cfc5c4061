"""XML as elements that know where they stand in the bytes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

XML = 'http://www.w3.org/XML/1998/namespace'
_VALUE_OR_END = re.compile(rb'"[^"]*"|\'[^\']*\'|>')
Name = tuple[str, str]  # address of the namespace, local name


@dataclass(eq=False)
class Element:
    """An element, and the places of its tags in the bytes."""

    name: Name
    tag: str  # as it is written, with its prefix
    prefixes: dict[str, str]  # those known inside it, with their namespaces
    attributes: dict[Name, str]
    start: int  # of its first tag
    inside: int = 0  # where its first tag ends
    end: int = 0  # where its last tag starts; `inside` if it is closed at once
    closed_at_once: bool = False
    text: str = ''  # of its own
    children: list['Element'] = field(default_factory=list)


def parse(content: bytes) -> Element:
    """Return the root of a document in UTF-8.

    Args:
        content: The document.

    Raises:
        ValueError: It is no XML, of another encoding, or has a document type, which
            could lead to other files.
    """
    reader = _Reader(content)
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(f'it is no XML: {error}.') from error
    return reader.root.children[0]


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.root = Element(('', ''), '', {'xml': XML}, {}, 0)
        self.open = [self.root]
        self.parser = expat.ParserCreate()
        if content[:2] in (b'\xff\xfe', b'\xfe\xff'):
            raise ValueError('it is in UTF-16; save it in UTF-8.')
        self.parser.buffer_text = True
        self.parser.XmlDeclHandler = self._declaration
        self.parser.StartDoctypeDeclHandler = self._document_type
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _declaration(self, version: str, encoding: str | None, alone: int) -> None:
        if encoding and encoding.lower() not in ('utf-8', 'utf8'):
            raise ValueError(f'it is in {encoding}; save it in UTF-8.')

    def _document_type(self, *args: object) -> NoReturn:
        raise ValueError(
            'it declares a document type, which could lead to other files; it was not '
            'read.'
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        parent = self.open[-1]
        own = dict(_declared(attributes))
        prefixes = {**parent.prefixes, **own} if own else parent.prefixes
        start = self.parser.CurrentByteIndex
        element = Element(
            _resolve(tag, prefixes, prefixes.get('', '')),
            tag,
            prefixes,
            {_resolve(key, prefixes, ''): x for key, x in attributes.items()},
            start,
            _end_of_tag(self.content, start),
        )
        parent.children.append(element)
        self.open.append(element)

    def _end(self, tag: str) -> None:
        element = self.open.pop()
        inside = self.content[element.inside - 2 : element.inside]
        element.closed_at_once = inside == b'/>'
        element.end = self.parser.CurrentByteIndex
        if element.closed_at_once:
            element.end = element.inside

    def _text(self, text: str) -> None:
        self.open[-1].text += text


def _declared(attributes: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the prefixes that the attributes declare; the default's is empty."""
    for key, value in attributes.items():
        if key == 'xmlns' or key.startswith('xmlns:'):
            yield key.partition(':')[2], value


def _resolve(tag: str, prefixes: dict[str, str], default: str) -> Name:
    prefix, colon, local = tag.rpartition(':')
    if not colon:
        return default, tag
    if prefix not in prefixes and prefix != 'xmlns':
        raise ValueError(f'the prefix of {tag} is not declared.')
    return prefixes.get(prefix, ''), local


def _end_of_tag(content: bytes, start: int) -> int:
    """Return the place behind a tag; a `>` in an attribute does not end it."""
    for piece in _VALUE_OR_END.finditer(content, start):
        if piece[0] == b'>':
            return piece.end()
    return len(content)
