import json
import os

import pytest

from mvlr_mm.tagging.bulk import Source


@pytest.fixture
def folder(tmp_path, make_tar):
    for name in ('b.jpg', 'a.PNG', 'notes.md', '.x.jpg', 'in/c.gif', 'out/part-0.png'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'')
    make_tar(tmp_path / 'in/s.tar', [('0.jpg', b'zero'), ('1.jpg', b'one')])
    return tmp_path


def paths(folder, source, wanted=lambda name: True):
    return [os.path.relpath(x.path, folder) for x in source.pictures(wanted)]


def test_a_folder_with_pictures_and_shards(folder):
    everything = ['a.PNG', 'b.jpg', 'in/c.gif', 'in/s.tar::0.jpg', 'in/s.tar::1.jpg']
    places = (str(folder),)
    assert paths(folder, Source(places)) == [*everything, 'out/part-0.png']
    source = Source(places, ('b.*', '*/c.*'), results=str(folder / 'out'))
    assert paths(folder, source) == [everything[0], *everything[3:]]
    asked = []

    def wanted(path):
        asked.append(path)
        return 'jpg' in path

    assert paths(folder, source, wanted) == everything[3:]
    assert len(asked) == len(set(asked)) == 3


@pytest.mark.parametrize('suffix', ['.txt', '.jsonl'])
def test_a_list(folder, suffix):
    named = ['in/c.gif', str(folder / 'b.jpg'), 'in/s.tar', 'http://host/d.jpg']
    odd = b'caf\xe9.jpg'.decode('utf-8', 'surrogateescape')
    path = folder / f'in/../list{suffix}'
    if suffix == '.txt':
        text = '\n'.join([*named, '', odd])
        path.write_text(text, 'utf-8', 'surrogateescape')
    else:
        lines = [json.dumps(dict(image=name, labels=[])) for name in [*named, odd]]
        path.write_text('\n'.join(lines) + '\n')
    found = [x.path for x in Source((str(path),)).pictures(lambda name: True)]
    assert found == [
        str(folder / 'in/c.gif'),
        str(folder / 'b.jpg'),
        f'{folder}/in/s.tar::0.jpg',
        f'{folder}/in/s.tar::1.jpg',
        'http://host/d.jpg',
        str(folder / odd),
    ]


def test_a_list_is_read_as_it_is_used(folder):
    path = folder / 'list.jsonl'
    path.write_text('{"image": "a.PNG"}\n{"label": 3}\n')
    pictures = Source((str(path),)).pictures(lambda name: True)
    assert next(pictures).path == str(folder / 'a.PNG')
    with pytest.raises(ValueError, match=r'list.jsonl:2 must have the path .* image,'):
        next(pictures)
    path.write_text('a.PNG\n')
    with pytest.raises(ValueError, match=r'list.jsonl:1 is no json object'):
        list(Source((str(path),)).files())


def test_single_files_and_places_that_are_not_there(folder):
    places = (str(folder / 'b.jpg'), str(folder / 'in/s.tar'))
    assert len(paths(folder, Source(places))) == 3
    with pytest.raises(FileNotFoundError, match='gone: there is no such folder'):
        Source((str(folder), str(folder / 'gone')))


def test_results_are_known_whatever_link_leads_to_them(folder):
    link = folder.with_name(f'{folder.name}-link')
    link.symlink_to(folder)
    for place, results in ((link, folder), (folder, link)):
        found = paths(place, Source((str(place),), results=str(results / 'out')))
        assert found[0] == 'a.PNG'
        assert not any(path.startswith('out') for path in found)
        with pytest.raises(ValueError, match='out is to be tagged and lies in'):
            Source((str(place / 'out'),), results=str(results / 'out'))
    with pytest.raises(ValueError, match=r'b.jpg is to be tagged and lies in'):
        Source((str(folder / 'b.jpg'),), results=str(folder))
    (folder / 'list.txt').write_text('in/c.gif')
    assert not list(Source((str(folder / 'list.txt'),), results=str(folder)).files())


@pytest.mark.parametrize('suffix', ['.txt', '.jsonl'])
def test_a_list_in_utf_16_is_refused(tmp_path, suffix):
    path = tmp_path / f'list{suffix}'
    path.write_text('a.jpg\r\n', encoding='utf-16')
    message = f'list{suffix}:1 has a byte 0, as lists in UTF-16 have; save the list as'
    with pytest.raises(ValueError, match=message):
        list(Source((str(path),)).files())
