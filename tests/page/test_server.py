import os
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from mvlr_mm.page import build_app, listen, private_folder
from mvlr_mm.page.server import BYTES

pytest.importorskip('gradio', reason='pip install "mvlr_mm[demo]"')
from starlette.testclient import TestClient  # comes with gradio

HERE = 'http://127.0.0.1'


@pytest.fixture(scope='module')
def client(tagger):
    with private_folder() as folder:
        app = build_app(tagger, 'tiny', folder, '127.0.0.1', queue=1)
        with TestClient(app, base_url=HERE) as client:
            yield client


def upload(client, name, content):
    files = {'files': (name, content, 'image/jpeg')}
    return client.post('/gradio_api/upload', files=files)


def test_a_port_that_is_taken_is_said():
    with listen('127.0.0.1', 0) as first:
        port = first.getsockname()[1]
        assert socket.create_connection(('127.0.0.1', port), 5)
        with pytest.raises(OSError, match=f'--port {port} cannot be used: Address alr'):
            listen('127.0.0.1', port)


def test_a_port_that_no_machine_has_is_refused():
    with pytest.raises(ValueError, match='--port 70000 must be at most 65535'):
        listen('127.0.0.1', 70000)


@pytest.mark.parametrize('host', ['no.such.host.invalid', '203.0.113.7'])
def test_an_address_of_another_machine_is_said(host):
    with pytest.raises(OSError, match=f'--host {host} --port 0 cannot be used: '):
        listen(host, 0)


def test_the_folder_of_uploads_goes(monkeypatch):
    monkeypatch.setenv('GRADIO_TEMP_DIR', 'before')
    with private_folder() as folder:
        assert os.environ['GRADIO_TEMP_DIR'] == str(folder)
        assert folder.stat().st_mode & 0o077 == 0
        (folder / 'upload').touch()
    assert not folder.exists()
    assert os.environ['GRADIO_TEMP_DIR'] == 'before'


def test_nothing_is_loaded_from_the_network_and_nothing_told(client):
    answer = client.get('/')
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers['content-security-policy']
    for word in ('fonts.googleapis', 'gstatic', 'cdnjs', 'cdn.jsdelivr', 'api.gradio'):
        assert word not in answer.text
    config = client.get('/config').json()
    assert config['analytics_enabled'] is False
    assert config['title'] == 'tiny'


def test_what_is_asked_while_something_waits_is_not_dropped(client):
    modes: dict[str, list[str]] = {}
    for step in client.get('/config').json()['dependencies']:
        for _, event in step['targets']:
            modes.setdefault(event, []).append(step['trigger_mode'])
    assert modes['change'] == ['always_last']
    assert modes['submit'] == modes['input'] == ['multiple']
    assert sorted(modes['click']) == ['multiple', 'once']  # a bar, and `Tag`


def test_another_name_for_this_machine_is_refused(client):
    for host in ('127.0.0.1:7860', 'localhost:7860'):
        assert client.get('/config', headers={'host': host}).status_code == 200
    answer = client.get('/config', headers={'host': 'evil.example'})
    assert answer.status_code == 400


@pytest.mark.parametrize('host', ['localhost', '::1', '127.0.0.2'])
def test_every_address_of_this_machine_alone_is_guarded(tagger, tmp_path, host):
    client = TestClient(build_app(tagger, 'tiny', tmp_path, host, queue=1))
    for own in ('[::1]:7860', 'localhost:7860', f'{host}:1' if '.' in host else ''):
        headers = {'host': own or '127.0.0.1'}
        assert client.get('/config', headers=headers).status_code == 200
    evil = client.get('/config', headers={'host': 'evil.example'})
    assert evil.status_code == 400


def test_what_a_page_of_another_site_sends_is_refused(client):
    files = {'files': ('a.jpg', b'words', 'image/jpeg')}
    sites = {'cross-site': 403, 'same-site': 403, 'same-origin': 200, 'none': 200}
    for site, status in sites.items():
        answer = client.post(
            '/gradio_api/upload', files=files, headers={'sec-fetch-site': site}
        )
        assert answer.status_code == status
    assert client.get('/', headers={'sec-fetch-site': 'cross-site'}).status_code == 200


def test_on_an_address_of_the_network_any_name_is_taken(tagger, tmp_path):
    app = build_app(tagger, 'tiny', tmp_path, '0.0.0.0', queue=1)
    assert TestClient(app, base_url='http://my.server').get('/').status_code == 200


@pytest.mark.parametrize('name', ['../../../x.jpg', '/etc/x.jpg', '..', 'a\x00b.jpg'])
def test_no_upload_leaves_its_folder(client, name):
    answer = upload(client, name, b'words')
    root = os.environ['GRADIO_TEMP_DIR']
    if answer.status_code == 200:
        (path,) = answer.json()
        assert os.path.realpath(path).startswith(f'{root}/')
        assert not os.path.exists('/etc/x.jpg')
    else:
        assert answer.status_code in (400, 403, 422)


def test_no_other_file_is_served(client):
    root = os.environ['GRADIO_TEMP_DIR']
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(root)) as file:
        way = f'{root}/../{os.path.basename(file.name)}'
        assert os.path.isfile(way)
        for path in ('/etc/passwd', 'pyproject.toml', file.name, way):
            assert client.get(f'/gradio_api/file={path}').status_code in (403, 404)
    own = upload(client, 'a.jpg', b'words').json()[0]
    assert client.get(f'/gradio_api/file={own}').content == b'words'


def test_a_file_of_too_many_bytes_is_refused(client, tagger):
    most = BYTES * tagger.max_pixels
    assert upload(client, 'a.jpg', b'x' * most).status_code == 200
    answer = upload(client, 'a.jpg', b'x' * (most + 1))
    assert answer.status_code == 413
    assert 'exceeded maximum' in answer.text


def test_only_so_many_wait(client, tagger, trained, monkeypatch):
    content = Path(trained.pictures[0]).read_bytes()
    (path,) = upload(client, 'a.png', content).json()
    names = {d['id']: d for d in client.get('/config').json()['dependencies']}
    show = min(names)  # picture.change
    go, began = threading.Event(), threading.Event()
    monkeypatch.setattr(tagger, 'look', lambda *_: began.set() or go.wait(30))
    data = [{'path': path, 'meta': {'_type': 'gradio.FileData'}}, '']

    def join(session):
        body = dict(data=data, fn_index=show, session_hash=session)
        return client.post('/gradio_api/queue/join', json=body)

    assert join('a').status_code == 200
    assert began.wait(10)
    assert join('b').status_code == 200
    full = join('c')
    go.set()
    assert full.status_code == 503
    assert 'full' in full.text
