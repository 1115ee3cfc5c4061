import xml.etree.ElementTree as ElementTree

import pytest

from mvlr_mm.tagging.xmp import EMPTY, PROPERTIES, RDF, with_tags

NS = {'rdf': RDF, **{p.prefix: p.uri for p in PROPERTIES}}
HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF '
    f'xmlns:r="{RDF}">'
    '<r:Description r:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5" note="a > b">'
)
TAIL = '</r:Description></r:RDF></x:xmpmeta>\n\n  <?xpacket end="w"?>\n'


def tags_of(content):
    """The tags of each property, read by Python's own parser."""
    root = ElementTree.fromstring(content)
    return {
        f'{p.prefix}:{p.name}': [
            item.text for item in root.findall(f'.//{p.prefix}:{p.name}/*/rdf:li', NS)
        ]
        for p in PROPERTIES
    }


def everywhere(*tags):
    return {f'{p.prefix}:{p.name}': list(tags) for p in PROPERTIES}


def test_a_new_packet():
    content = with_tags(EMPTY, ['cat', 'a < b & "c"', 'été 猫', 'cat'])
    assert tags_of(content) == everywhere('cat', 'a < b & "c"', 'été 猫')
    for p in PROPERTIES:
        (held,) = ElementTree.fromstring(content).findall(f'.//{p.prefix}:{p.name}', NS)
        assert held[0].tag == f'{{{RDF}}}{p.kind}'
    assert content.startswith(EMPTY[:30])
    assert content.endswith(b'<?xpacket end="w"?>\n')
    assert with_tags(EMPTY, []) == EMPTY


def test_tags_that_are_there_stay_and_nothing_else_changes():
    subject = '<dc:subject>\n <r:Bag>\n  <r:li>dog</r:li>\n </r:Bag>\n</dc:subject>'
    other = '<!-- é --><dc:title><r:Alt><r:li>T</r:li></r:Alt></dc:title>'
    before = (HEAD + subject + other + TAIL).encode()
    after = with_tags(before, ['cat', 'dog', 'red car'])
    assert tags_of(after) == {
        'dc:subject': ['dog', 'cat', 'red car'],
        'lr:hierarchicalSubject': ['cat', 'dog', 'red car'],
        'digiKam:TagsList': ['cat', 'dog', 'red car'],
    }
    # bytes are added in two places, and none is lost
    added = b'\n  <r:li>cat</r:li>\n  <r:li>red car</r:li>'
    first = after.index(added)
    assert after[:first] == before[:first]
    rest = after[first + len(added) :]
    end = rest.index(b'<lr:')
    assert before[first:].startswith(rest[:end].rstrip())
    assert rest.endswith(TAIL.encode())
    assert with_tags(after, ['cat', 'dog', 'red car']) == after


def test_tags_are_replaced_where_that_is_wanted():
    before = with_tags((HEAD + TAIL).encode(), ['old', 'older'])
    after = with_tags(before, ['new'], keep=False)
    assert tags_of(after) == everywhere('new')
    assert with_tags(after, ['old', 'older'], keep=False).count(b'old') == 6
    assert tags_of(with_tags(after, [], keep=False)) == everywhere()
    assert b'xmp:Rating="5" note="a > b"' in after


def test_a_tag_below_another_is_there_already():
    lists = (
        f'<lr:hierarchicalSubject xmlns:lr="{NS["lr"]}"><r:Bag><r:li>animal|cat</r:li>'
        '</r:Bag></lr:hierarchicalSubject>'
        f'<dk:TagsList xmlns:dk="{NS["digiKam"]}"><r:Seq><r:li>animal/cat</r:li>'
        '</r:Seq></dk:TagsList><dc:subject><r:Bag/></dc:subject>'
    )
    found = tags_of(with_tags((HEAD + lists + TAIL).encode(), ['cat', 'dog']))
    assert found == {
        'dc:subject': ['cat', 'dog'],
        'lr:hierarchicalSubject': ['animal|cat', 'dog'],
        'digiKam:TagsList': ['animal/cat', 'dog'],
    }


def test_prefixes_of_the_file_are_used():
    default = f'<RDF xmlns="{RDF}"><Description about="" xmlns:dc="other:place"/></RDF>'
    assert tags_of(with_tags(default.encode(), ['cat'])) == everywhere('cat')
    marked = b'\xef\xbb\xbf' + (HEAD + TAIL).encode()
    after = with_tags(marked, ['cat'])
    assert after.startswith(b'\xef\xbb\xbf<x:xmpmeta')
    assert tags_of(after) == everywhere('cat')


BOMB = (
    '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">'
    '<!ENTITY d SYSTEM "file:///etc/passwd">]>'
)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (BOMB + HEAD + '&d;' + TAIL, 'document type'),
        ('<a/>', 'no rdf:Description'),
        (HEAD, 'no XML'),
        ('', 'no XML'),
        (HEAD + '<dc:subject>cat</dc:subject>' + TAIL, 'no list'),
        (HEAD + 2 * '<dc:subject><r:Bag/></dc:subject>' + TAIL, 'twice'),
        (HEAD.replace('note=', 'dc:subject=') + TAIL, 'attribute'),
        (HEAD + '<z:a/>' + TAIL, 'prefix of z:a is not declared'),
        ('<?xml version="1.0" encoding="latin-1"?>' + HEAD + TAIL, 'latin-1'),
        # a tag in other letters would be added in UTF-8
        ('<?xml version="1.0" encoding="us-ascii"?>' + HEAD + TAIL, 'us-ascii'),
    ],
)
def test_what_cannot_be_edited_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        with_tags(content.encode(), ['cat'])


def test_utf_16_and_letters_unknown_to_xml_are_refused():
    with pytest.raises(ValueError, match='UTF-16'):
        with_tags((HEAD + TAIL).encode('utf-16'), ['cat'])
    with pytest.raises(ValueError, match='letter that XML'):
        with_tags(EMPTY, ['a\x00b'])


def test_deep_and_long_packets_take_no_long():
    deep = HEAD + '<dc:a>' * 20_000 + '</dc:a>' * 20_000 + '<dc:b/>' * 20_000 + TAIL
    assert tags_of_end(with_tags(deep.encode(), ['cat'])) == 3


def tags_of_end(content):
    return content.count(b'<r:li>cat</r:li>')
