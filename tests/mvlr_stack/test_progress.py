import time

from mvlr_stack import progress
from mvlr_stack.progress import Progress, duration, track


def test_a_line_now_and_then_and_at_the_end(capsys):
    now = [0.0]
    progress = Progress('Drawing', 8, seconds=5, clock=lambda: now[0])
    for _ in range(8):
        now[0] += 3
        progress.advance('loss 1.5')
    assert capsys.readouterr().out.splitlines() == [
        'Drawing: 2/8   25 %  0m18s left  loss 1.5',
        'Drawing: 4/8   50 %  0m12s left  loss 1.5',
        'Drawing: 6/8   75 %  0m06s left  loss 1.5',
        'Drawing: 8/8  100 %  0m24s  loss 1.5',
    ]


def test_long_work_says_when_it_ends(capsys, monkeypatch):
    monkeypatch.setattr(progress.time, 'time', lambda: 100_000.0)
    now = [0.0]
    work = Progress('Training', 3, clock=lambda: now[0])
    for _ in range(2):
        now[0] += 400
        work.advance()
    ends = time.strftime('%H:%M', time.localtime(100_800))
    first, second = capsys.readouterr().out.splitlines()
    assert first == f'Training: 1/3   33 %  13m20s left, until {ends}'
    assert second.endswith('6m40s left')


def test_a_line_says_nothing_of_a_note_that_is_not_there(capsys):
    Progress('Once', 1).advance()
    assert capsys.readouterr().out == 'Once: 1/1  100 %  0m00s\n'


def test_track_gives_every_item_and_ends_at_all(capsys):
    assert list(track('abc', 'Letters', 3)) == ['a', 'b', 'c']
    assert 'Letters: 3/3  100 %' in capsys.readouterr().out


def test_durations():
    assert [duration(s) for s in (0, 59.6, 125)] == ['0m00s', '1m00s', '2m05s']
