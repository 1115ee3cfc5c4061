import socket
import time

import pytest
from huggingface_hub import constants

from mvlr_mm.models import hub
from mvlr_mm.models.clip import load_clip


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    def refuse(address, timeout):
        raise OSError(f'no way to {address}')

    monkeypatch.setattr(hub, 'getproxies', dict)
    monkeypatch.setattr(socket, 'create_connection', refuse)
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path))


def test_without_a_network_only_the_cache_is_asked(no_network, monkeypatch):
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
    with hub.hub_or_cache():
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE


def test_a_proxy_is_left_to_find_the_way(no_network, monkeypatch):
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
    monkeypatch.setattr(hub, 'getproxies', lambda: {'https': 'http://proxy:1'})
    with hub.hub_or_cache():
        assert not constants.HF_HUB_OFFLINE


def test_addresses_without_a_proxy_are_none(no_network, monkeypatch):
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
    monkeypatch.setattr(hub, 'getproxies', lambda: {'no': 'localhost'})  # NO_PROXY
    with hub.hub_or_cache():
        assert constants.HF_HUB_OFFLINE


def test_a_hub_that_answers_is_asked(monkeypatch):
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(constants, 'ENDPOINT', f'http://127.0.0.1:{port}')
        monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
        monkeypatch.setattr(hub, 'getproxies', dict)
        with hub.hub_or_cache():
            assert not constants.HF_HUB_OFFLINE


def test_missing_weights_are_said_at_once_with_what_to_do(no_network):
    start = time.perf_counter()
    with pytest.raises(OSError, match='not in the cache and could not be') as error:
        load_clip('RN101-quickgelu', 'openai')
    assert time.perf_counter() - start < 10
    assert "open_clip.create_model('RN101-quickgelu', 'openai')" in str(error.value)
