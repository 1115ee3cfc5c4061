import sys

import pytest

from mvlr_mm.cli import demo
from mvlr_mm.page import listen
from mvlr_stack.command import main, parse


def test_this_machine_alone_is_the_default():
    args = parse(['demo', 'x'])
    assert (args.host, args.port) == ('127.0.0.1', 7860)


def test_without_gradio_the_command_to_install_it_is_said(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    with pytest.raises(SystemExit, match='2'):
        main(['demo', 'x'])
    assert 'pip install "mvlr_mm[demo]"' in capsys.readouterr().err


def test_a_port_that_is_taken_is_said_before_the_model_is_loaded(
    monkeypatch, capsys, trained
):
    monkeypatch.setattr(demo, 'require', lambda name, extra: None)
    monkeypatch.setattr(demo, 'MultiLabelInferencer', None)
    with listen('127.0.0.1', 0) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match='2'):
            main(['demo', str(trained.folder), '--port', str(port)])
    assert f'--port {port} cannot be used: Address already in use' in (
        capsys.readouterr().err
    )
