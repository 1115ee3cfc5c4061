"""Tags in XMP, the sidecar format of photo software (ISO 16684-1).

A file of others is edited, not written anew: only the bytes of the tags change. It is
read without a document type, and so without entities, which could lead to other files
or grow without end.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from .xml_places import Element, parse

RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#'
EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    f' <rdf:RDF xmlns:rdf="{RDF}">\n'
    '  <rdf:Description rdf:about=""/>\n'
    ' </rdf:RDF>\n'
    '</x:xmpmeta>\n'
    '<?xpacket end="w"?>\n'
).encode()
_NO_XML = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


class Property(NamedTuple):
    """A property that holds tags."""

    prefix: str
    uri: str
    name: str
    kind: str  # of the container
    separator: str | None  # between the levels of a hierarchy


PROPERTIES = (
    Property('dc', 'http://purl.org/dc/elements/1.1/', 'subject', 'Bag', None),
    Property(
        'lr', 'http://ns.adobe.com/lightroom/1.0/', 'hierarchicalSubject', 'Bag', '|'
    ),
    Property('digiKam', 'http://www.digikam.org/ns/1.0/', 'TagsList', 'Seq', '/'),
)


class _Edit(NamedTuple):
    start: int
    stop: int
    text: str


def with_tags(content: bytes, tags: Sequence[str], keep: bool = True) -> bytes:
    """Return an XMP packet with tags, in the properties that photo software reads.

    ``dc:subject``, ``lr:hierarchicalSubject`` and ``digiKam:TagsList``. Everything else
    stays as it is, byte for byte.

    Args:
        content: The packet in UTF-8; :data:`EMPTY` for a new one.
        tags: The tags.
        keep: Whether tags that are there stay; new ones then follow them. A tag that is
            there already, also below another in a hierarchy, is not added again.

    Raises:
        ValueError: It is no XMP that can be edited, or a tag has a letter that XML
            does not know.
    """
    for tag in tags:
        if _NO_XML.search(tag):
            raise ValueError(f'the tag {tag!r} has a letter that XML cannot hold.')
    tags = list(dict.fromkeys(tags))
    descriptions = list(_descriptions(parse(content)))
    if not descriptions:
        raise ValueError('it has no rdf:Description, so it is no XMP packet.')
    edits, missing = [], []
    for prop in PROPERTIES:
        container = _container(descriptions, prop)
        if container is not None:
            edits += _edit(content, container, tags, keep, prop.separator)
        elif tags:
            missing.append(_written(prop, tags, descriptions[0]))
    if missing:
        edits.append(_insert(content, descriptions[0], missing))
    for edit in sorted(edits, reverse=True):
        content = content[: edit.start] + edit.text.encode() + content[edit.stop :]
    return content


def _descriptions(root: Element) -> Iterator[Element]:
    """Yield the descriptions of the packet, not those inside a value."""
    rdf = root if root.name == (RDF, 'RDF') else None
    for child in root.children:
        rdf = child if rdf is None and child.name == (RDF, 'RDF') else rdf
    for child in rdf.children if rdf is not None else ():
        if child.name == (RDF, 'Description'):
            yield child


def _container(descriptions: Sequence[Element], prop: Property) -> Element | None:
    """Return the list of a property; None where there is no such property."""
    name, shown = (prop.uri, prop.name), f'{prop.prefix}:{prop.name}'
    found = [child for d in descriptions for child in d.children if child.name == name]
    if len(found) > 1 or any(name in d.attributes for d in descriptions):
        raise ValueError(f'{shown} stands there twice, or as an attribute.')
    if not found:
        return None
    kinds = [(RDF, kind) for kind in ('Bag', 'Seq', 'Alt')]
    inside = found[0].children
    if len(inside) != 1 or inside[0].name not in kinds:
        raise ValueError(f'{shown} is no list (rdf:Bag or rdf:Seq).')
    return inside[0]


def _edit(
    content: bytes, container: Element, tags: list[str], keep: bool, sep: str | None
) -> list[_Edit]:
    there = [item.text.strip() for item in container.children]
    leaves = {text.split(sep)[-1] for text in there} if sep else set()
    new = [tag for tag in tags if tag not in leaves.union(there)] if keep else tags
    if not new if keep else there == tags:
        return []
    prefix = container.tag.rpartition(':')[0]
    item = f'{prefix}:li' if prefix else 'li'
    if container.closed_at_once:
        text = ''.join(f'<{item}>{escape(tag)}</{item}>' for tag in new)
        start = content.rindex(b'/', container.start, container.inside)
        return [_Edit(start, container.inside, f'>{text}</{container.tag}>')]
    space = ''
    if container.children:
        space = _space_before(content, container.children[0].start, container.inside)
    text = ''.join(f'{space}<{item}>{escape(tag)}</{item}>' for tag in new)
    end = container.end - len(_space_before(content, container.end, container.inside))
    return [_Edit(end if keep else container.inside, end, text)]


def _written(prop: Property, tags: list[str], description: Element) -> str:
    """Return a property as it is written into a description."""
    prefix = description.tag.rpartition(':')[0]
    rdf = f'{prefix}:' if prefix else ''
    known = description.prefixes.get(prop.prefix) == prop.uri
    scope = '' if known else f' xmlns:{prop.prefix}="{prop.uri}"'
    name, kind = f'{prop.prefix}:{prop.name}', f'{rdf}{prop.kind}'
    items = ''.join(f'\n     <{rdf}li>{escape(tag)}</{rdf}li>' for tag in tags)
    return f'\n   <{name}{scope}>\n    <{kind}>{items}\n    </{kind}>\n   </{name}>'


def _insert(content: bytes, description: Element, written: list[str]) -> _Edit:
    text = ''.join(written)
    if description.closed_at_once:
        start = content.rindex(b'/', description.start, description.inside)
        return _Edit(start, description.inside, f'>{text}\n  </{description.tag}>')
    space = _space_before(content, description.end, description.inside)
    end = description.end - len(space)
    return _Edit(end, end, text if space else f'{text}\n  ')


def _space_before(content: bytes, place: int, start: int) -> str:
    """Return the white space that ends at a place."""
    piece = content[start:place]
    return piece[len(piece.rstrip(b' \t\r\n')) :].decode()
