import pytest

from mvlr_mm.tagging.xml_places import parse


def every(element):
    yield element
    for child in element.children:
        yield from every(child)


def test_places_are_those_of_the_bytes():
    content = (
        '<?xml version="1.0"?>\n<a xmlns="u" xmlns:p="v"><p:b k=\'>"/>\' p:m="é"/>'
        'é<c></c><a><a/></a> <!-- </a> --><d\n>x&amp;y</d\n></a>\n'
    ).encode()
    root = parse(content)
    found = list(every(root))
    assert [e.tag for e in found] == ['a', 'p:b', 'c', 'a', 'a', 'd']
    for element in found:
        first = content[element.start : element.inside]
        assert first.startswith(f'<{element.tag}'.encode())
        assert first.endswith(b'>')
        assert element.closed_at_once == first.endswith(b'/>')
        if not element.closed_at_once:
            assert content[element.end :].startswith(f'</{element.tag}'.encode())
    b = found[1]
    assert b.name == ('v', 'b')
    assert b.attributes == {('', 'k'): '>"/>', ('v', 'm'): 'é'}
    assert root.name == ('u', 'a')
    assert found[-1].text == 'x&y'


def test_entities_are_not_read(tmp_path):
    secret = tmp_path / 'secret'
    secret.write_text('secret')
    for kind in (f'SYSTEM "{secret}"', '"bbbb"'):
        content = f'<!DOCTYPE a [<!ENTITY x {kind}>]><a>&x;</a>'.encode()
        with pytest.raises(ValueError, match='document type'):
            parse(content)
    with pytest.raises(ValueError, match='no XML'):
        parse(b'<a>&x;</a>')
