from types import SimpleNamespace

import pytest
from mmengine.registry import Registry
from mmengine.runner import Runner

from mvlr_stack.errors import plain_errors

PARENT = Registry('part', scope='mmengine')
PARTS = Registry('part', parent=PARENT, scope='mmpretrain')


@PARTS.register_module()
class Head:
    def __init__(self, scale, bias=0, **kwargs):
        assert isinstance(scale, int) or scale
        self.inner = Inner(**kwargs)
        if bias == 'bug':
            raise KeyError(bias)


class Inner:
    def __init__(self, temperature=1):
        self.temperature = temperature


@PARTS.register_module()
class Child(Head):
    def __init__(self, width=1, **kwargs):
        super().__init__(**kwargs)


@PARENT.register_module()
class Neck:
    pass


def say(capsys, cfg):
    with pytest.raises(SystemExit, match='2'), plain_errors():
        PARTS.build(cfg)
    return capsys.readouterr().err.splitlines()[0].removeprefix('error: ')


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (
            dict(type='Neck', x=1),
            'Neck cannot be built as the config says: Neck() takes no arguments',
        ),
        (
            dict(type='Child', scale=1, widht=2),
            "Child has no argument 'widht'; nearest: width.",
        ),
        (
            dict(type='Child', scale=1, scal=2),
            "Child has no argument 'scal'; nearest: scale.",
        ),
        (
            dict(type='Haed'),
            "no part is called 'Haed'; nearest: Head. A class of your own needs its "
            'module in `custom_imports` of the config.',
        ),
        (
            dict(type='Nekc'),
            "no part is called 'Nekc'; nearest: Neck. A class of your own needs its "
            'module in `custom_imports` of the config.',
        ),
    ],
)
def test_what_a_config_gets_wrong_is_said_with_what_is_near(cfg, message, capsys):
    assert say(capsys, cfg) == message


def test_a_missing_argument(capsys):
    text = say(capsys, dict(type='Head'))
    assert text.startswith('Head cannot be built as the config says: ')
    assert "missing 1 required positional argument: 'scale'" in text


@pytest.mark.parametrize('cfg', [dict(a=1), ['Head']])
def test_what_has_no_type(cfg, capsys):
    text = say(capsys, cfg)
    assert text.startswith(f'the config has {cfg!r} for a part: ')


def test_a_bug_in_a_part_keeps_its_traceback():
    with pytest.raises(KeyError, match='bug'), plain_errors():
        PARTS.build(dict(type='Head', scale=1, bias='bug'))


def test_an_assertion_of_the_stack_shows_what_it_asks(capsys):
    from mmpretrain.registry import TRANSFORMS

    with pytest.raises(SystemExit, match='2'), plain_errors():
        TRANSFORMS.build(dict(type='RandomFlip', prob=2.0))
    err = capsys.readouterr().err
    assert 'error: RandomFlip cannot be built as the config says: assert ' in err


def test_a_loop_that_the_runner_builds_itself_is_named(capsys):
    runner = SimpleNamespace(_train_dataloader=None)
    with pytest.raises(SystemExit, match='2'), plain_errors():
        Runner.build_train_loop(runner, dict(by_epoch=True, max_epoch=1))
    said = capsys.readouterr().err.splitlines()[0]
    assert (
        "EpochBasedTrainLoop has no argument 'max_epoch'; nearest: max_epochs" in said
    )
