import csv
import io
import json
import os
import shutil
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from mvlr_mm.apis import MultiLabelInferencer, Tagged
from mvlr_mm.cli.infer import _hand_out
from mvlr_mm.cli.infer_outputs import Lines
from mvlr_mm.labels.thresholds import write_thresholds
from mvlr_mm.tagging import read_rows
from mvlr_mm.tagging.result_lock import alone_with
from mvlr_mm.visualization import heat_map
from mvlr_stack.command import main

TAGS = ('tags', 'scores')


@pytest.fixture
def photos(trained, tmp_path):
    """A folder with three pictures and one below."""
    folder = tmp_path / 'photos'
    (folder / 'more').mkdir(parents=True)
    for i in range(4):
        to = folder / ('more' if i == 3 else '') / f'{i}.png'
        shutil.copy(trained.pictures[i], to)
    return folder


@pytest.fixture
def infer(trained):
    def run(*words, model=trained.folder):
        return main(['infer', *map(str, words), '--model', str(model)])

    return run


@pytest.fixture
def expected(trained, photos):
    """What the inferencer says of the four pictures."""
    paths = [*(photos / f'{i}.png' for i in range(3)), photos / 'more/3.png']
    results = MultiLabelInferencer(trained.folder, device='cpu')(paths)
    assert any(found.tags for found in results)
    return results


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_for_each_picture_and_nothing_else(infer, photos, expected, capfd):
    assert infer(photos) == 0
    out, err = capfd.readouterr()
    assert out == ''.join(
        f'{r.path}\t{", ".join(f"{name} {score:.2f}" for name, score in r.tags)}\n'
        for r in expected[:3]
    )
    assert err == ''


def test_the_current_folder_may_be_the_work_dir(trained, photos, monkeypatch, capfd):
    monkeypatch.chdir(trained.folder)
    assert main(['infer', str(photos / '1.png')]) == 0
    assert capfd.readouterr().out.startswith(f'{photos / "1.png"}\t')


@pytest.mark.parametrize('suffix', ['.jsonl', '.csv'])
def test_out(infer, photos, expected, tmp_path, suffix, capfd):
    out = tmp_path / f'new/tags{suffix}'
    assert infer(photos, '--recursive', '--out', out, '--batch-size', '3') == 0
    assert capfd.readouterr() == ('', '')
    if suffix == '.jsonl':
        found = [
            (row['path'], [(t['label'], t['score']) for t in row['tags']])
            for row in rows_of(out)
        ]
    else:
        rows = list(csv.DictReader(out.open()))
        split = [[list(filter(None, r[k].split(';'))) for r in rows] for k in TAGS]
        found = [
            (row['path'], list(zip(labels, map(float, scores), strict=True)))
            for row, labels, scores in zip(rows, *split, strict=True)
        ]
    assert len(found) == 4
    for (path, tags), one in zip(found, expected, strict=True):
        assert path == one.path
        assert [name for name, _ in tags] == [name for name, _ in one.tags]
        np.testing.assert_allclose(
            [x for _, x in tags], [x for _, x in one.tags], atol=1e-5
        )


def test_json_lines_on_standard_output(infer, photos, capfd):
    words = ['--out', '-', '--thr', '0', '--max-tags', '2', '--classes', 'sun, red car']
    assert infer(photos / '0.png', *words) == 0
    (row,) = map(json.loads, capfd.readouterr().out.splitlines())
    assert {tag['label'] for tag in row['tags']} == {'sun', 'red car'}


def test_thresholds(infer, trained, photos, tmp_path):
    model = shutil.copytree(trained.folder, tmp_path / 'run')
    low = [dict(name=name, threshold=0.0) for name in ('cat', 'dog', 'boat')]
    low[1]['threshold'] = 1.5
    write_thresholds(model / 'thresholds.json', low, {})

    def labels(*words):
        out = tmp_path / 'out.jsonl'
        assert (
            infer(photos / '0.png', *words, '--out', out, '--overwrite', model=model)
            == 0
        )
        return {tag['label'] for tag in rows_of(out)[0]['tags']}

    assert labels() == {'cat', 'boat'}  # the stored ones
    assert labels('--thr', 'stored', '--min-score', '1') == set()
    assert labels('--thr', '0') == {'cat', 'dog', 'boat'}
    assert labels('--thr', model / 'thresholds.json', '--max-tags', '1') <= {
        'cat',
        'boat',
    }
    (tmp_path / 'names.txt').write_text('moon\nsun\n')
    other = labels(
        '--classes', tmp_path / 'names.txt', '--min-score', '0', '--thr', '0'
    )
    assert other == {'moon', 'sun'}


def test_bad_pictures_are_told_and_others_tagged(infer, photos, tmp_path, capfd):
    (photos / '1.png').write_bytes(b'no picture')
    out = tmp_path / 'out.jsonl'
    assert infer(photos, '--out', out, '--sidecar', 'txt') == 1
    stdout, err = capfd.readouterr()
    assert stdout == ''
    assert err.startswith(f'{photos / "1.png"}: {photos / "1.png"} is no picture')
    assert len(err.splitlines()) == 1
    rows = rows_of(out)
    assert ['error' in row for row in rows] == [False, True, False]
    assert sorted(p.name for p in photos.glob('*.txt')) == ['0.txt', '2.txt']

    # later the picture is mended: only it, and what is new, is looked at
    shutil.copy(photos / '2.png', photos / '1.png')
    shutil.copy(photos / '2.png', photos / '4.png')
    (photos / '0.png').write_bytes(b'spoiled since')
    assert infer(photos, '--out', out, '--sidecar', 'txt', '--skip-existing') == 0
    again = rows_of(out)
    assert again[:2] == [rows[0], rows[2]]
    assert [os.path.basename(row['path']) for row in again] == [
        '0.png',
        '2.png',
        '1.png',
        '4.png',
    ]
    assert all('error' not in row for row in again)
    text = out.read_text()
    assert infer(photos, '--out', out, '--sidecar', 'txt', '--skip-existing') == 0
    assert out.read_text() == text


def test_skipping_leaves_what_is_there_in_every_place(
    infer, photos, expected, tmp_path
):
    mine = photos / '0.txt'
    mine.write_text('my own words\n')
    out = tmp_path / 'out.jsonl'
    words = ['--out', out, '--sidecar', 'txt', '--skip-existing']
    assert infer(photos, *words) == 0
    assert len(rows_of(out)) == 3
    assert mine.read_text() == 'my own words\n'
    tags = ', '.join(name for name, _ in expected[1].tags)
    assert (photos / '1.txt').read_text() == f'{tags}\n'

    # the other way round: the row of a picture whose sidecar is gone stays as it is
    lines = out.read_text().replace('1.png", "tags": [', '1.png", "tags": [ ')
    out.write_text(lines)
    (photos / '1.txt').unlink()
    drawings = tmp_path / 'drawn'
    assert infer(photos, *words, '--show-dir', drawings) == 0
    assert sorted(out.read_text().splitlines()) == sorted(
        lines.replace('[ ', '[').splitlines()
    )
    assert (photos / '1.txt').read_text() == f'{tags}\n'
    first = drawings / '0.png.png'
    first.write_bytes(b'mine')
    (photos / '0.txt').unlink()
    assert infer(photos, *words, '--show-dir', drawings) == 0
    assert first.read_bytes() == b'mine'
    assert (photos / '0.txt').exists()


@pytest.mark.parametrize('suffix', ['.jsonl', '.csv', '.parquet'])
def test_two_runs_do_not_add_to_one_file(infer, photos, tmp_path, suffix, capfd):
    out = tmp_path / f'out{suffix}'
    words = [photos, '--out', out, '--skip-existing']
    with alone_with(out), pytest.raises(SystemExit, match='2'):
        infer(*words)
    assert f'--out {out}: another run writes it' in capfd.readouterr().err
    assert infer(*words) == 0
    assert len(read_rows(out)) == 3
    assert sorted(os.listdir(tmp_path)) == [out.name, 'photos']


@pytest.mark.parametrize('suffix', ['.jsonl', '.csv', '.parquet'])
def test_names_that_are_no_utf8_are_known_again(infer, photos, tmp_path, suffix):
    odd = os.path.join(os.fsencode(photos), b'\xe9.png')
    shutil.copy(photos / '0.png', odd)
    out = tmp_path / f'out{suffix}'
    for _ in range(2):
        assert infer(photos, '--out', out, '--skip-existing') == 0
        assert len(read_rows(out)) == 4


def test_a_terminal_is_told_that_names_are_read(infer, photos, tmp_path, monkeypatch):
    names = tmp_path / 'names.txt'
    names.write_text('\n'.join(f'thing {i}' for i in range(20)))
    said = io.StringIO()
    monkeypatch.setattr(sys, 'stderr', said)
    out = tmp_path / 'tags.csv'
    assert infer(photos, '--classes', names, '--out', out) == 0
    assert said.getvalue() == ''
    out.unlink()
    said.isatty = lambda: True
    monkeypatch.setenv('TERM', 'xterm')
    assert infer(photos, '--classes', names, '--out', out) == 0
    assert 'reading 20 label names' in said.getvalue()


def test_earlier_drawings_are_not_tagged(infer, photos, tmp_path):
    out, drawn = tmp_path / 'out.jsonl', photos / 'drawn'
    words = ['--recursive', '--show-dir', drawn, '--heatmaps', photos / 'maps']
    for _ in range(2):
        assert infer(photos, *words, '--out', out, '--overwrite') == 0
        assert [os.path.relpath(row['path'], photos) for row in rows_of(out)] == [
            '0.png',
            '1.png',
            '2.png',
            'more/3.png',
        ]
    # named by themselves they are
    words = ['--show-dir', drawn, '--out', out, '--overwrite']
    assert infer(drawn / '0.png.png', *words) == 0
    assert len(rows_of(out)) == 1


def test_a_link_to_nothing_stops_no_other_picture(infer, photos, expected, capfd):
    (photos / 'a.jpg').symlink_to('/gone.jpg')
    assert infer(photos) == 1
    out, err = capfd.readouterr()
    assert [line.split('\t')[0] for line in out.splitlines()] == [
        found.path for found in expected[:3]
    ]
    assert err.startswith(f'{photos}/a.jpg: ')


def test_exclude(infer, photos, capfd):
    assert infer(photos, '--recursive', '--exclude', '1.*', '*/more/*') == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.split('\t')[0] for line in lines] == [
        str(photos / '0.png'),
        str(photos / '2.png'),
    ]


def test_sidecars_are_added_to_or_replaced(infer, photos, expected, capfd):
    first = photos / '0.txt'
    first.write_text('my tag\n')
    with pytest.raises(SystemExit, match='2'):
        infer(photos, '--sidecar', 'txt')
    assert '0.txt exists; --append adds' in capfd.readouterr().err
    assert not (photos / '1.txt').exists()
    ours = [name for name, _ in expected[0].tags]
    assert infer(photos, '--sidecar', 'txt', '--append') == 0
    assert first.read_text() == ', '.join(['my tag', *ours]) + '\n'
    assert infer(photos, '--sidecar', 'txt', '--append') == 0
    assert first.read_text() == ', '.join(['my tag', *ours]) + '\n'
    assert infer(photos, '--sidecar', 'txt', '--overwrite') == 0
    assert first.read_text() == ', '.join(ours) + '\n'


def test_xmp(infer, photos, capfd):
    hostile = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    (photos / '1.xmp').write_text(hostile)
    words = ['--sidecar', 'xmp', '--append', '--thr', '0']
    assert infer(photos, *words) == 1
    assert 'declares a document type' in capfd.readouterr().err
    assert (photos / '1.xmp').read_text() == hostile
    text = (photos / '0.png.xmp').read_text()
    assert text.count('>boat</rdf:li>') == 3


def test_drawings(infer, trained, photos, tmp_path, expected):
    shown, maps = tmp_path / 'shown', tmp_path / 'maps'
    words = ['--recursive', '--show-dir', shown, '--heatmaps', maps, '--thr', '0']
    assert infer(photos, *words) == 0
    names = ['0.png.png', '1.png.png', '2.png.png']
    assert sorted(p.name for p in shown.glob('*.png')) == names
    drawn = Image.open(shown / 'more/3.png.png')
    _, height = Image.open(photos / 'more/3.png').size
    assert drawn.height > height
    assert len(list(maps.glob('*.png'))) == 9
    best = MultiLabelInferencer(trained.folder, device='cpu')(
        photos / '0.png', thr=0, fmt=('tags', 'heatmap')
    )[0]
    label = best.tags[0][0]
    image = Image.open(maps / f'0.png_01_{label}.png')
    source = cv2.imread(str(photos / '0.png'))
    assert image.size == source.shape[1::-1]
    # warm where the patches are sure of the label
    logits = best.heatmap[['cat', 'dog', 'boat'].index(label)]
    heat = heat_map(logits.ravel(), logits.shape, image.size)
    pixels = np.asarray(image).astype(float)
    warmth = pixels[..., 0] - pixels[..., 2]
    assert np.corrcoef(warmth.ravel(), heat.ravel())[0, 1] > 0.8
    with pytest.raises(SystemExit, match='2'):
        infer(photos, *words)
    assert infer(photos, *words, '--skip-existing') == 0


def test_heat_maps_of_tags_that_are_gone_go(infer, photos, tmp_path):
    shutil.copy(photos / '0.png', photos / '0.png_2.png')
    words = [photos, '--heatmaps', tmp_path / 'maps', '--thr', '0']
    assert infer(*words) == 0
    (tmp_path / 'maps/0.png_notes.png').touch()
    before = set(os.listdir(tmp_path / 'maps'))
    assert len(before) == 4 * 3 + 1
    assert (
        infer(*words, '--exclude', '0.png_2.png', '--max-tags', '1', '--overwrite') == 0
    )
    after = set(os.listdir(tmp_path / 'maps'))
    kept = {name for name in before if name.startswith(('0.png_2', '0.png_notes'))}
    assert after - kept == {name for name in before - kept if '.png_01_' in name}
    assert kept <= after


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['gone.jpg'], 'gone.jpg: there is no such picture'),
        (['gone/*.jpg'], 'there is no such picture'),
        (['{}', '--exclude', '*'], 'no picture is left: --exclude'),
        (['{}', '--thr', 'high'], '--thr high must be a number'),
        (['{}', '--thr', '50'], '--thr 50 must be at most 1'),
        (['{}', '--thr', 'stored'], 'has no thresholds'),
        (['{}', '--append'], '--append needs --sidecar'),
        (['{}', '--skip-existing', '--overwrite'], 'leave one of them out'),
        (['{}', '--skip-existing', '--out', '-'], 'needs results to look for'),
        (['{}', '--out', 'out.txt'], 'tags go into a .jsonl'),
        (['{}', '--classes', 'cat,cat'], 'occurs twice'),
        (['{}', '--classes', 'lables.txt'], '--classes lables.txt: no such file'),
        (
            ['{}', '--classes', 'cat,a;b', '--thr', '1', '--out', '{}/a.csv'],
            "'a;b' has a ; in it",
        ),
        (['{}', '--device', 'gpu'], 'device (gpu) cannot be used'),
        (['{}', '--max-tags', '0'], 'at least 1'),
        (['{}', '{}/../empty'], 'has no picture in it; --recursive'),
    ],
)
def test_mistakes_end_with_2_and_leave_nothing(infer, photos, capfd, words, message):
    (photos.parent / 'empty').mkdir()
    with pytest.raises(SystemExit, match='2'):
        infer(*(word.replace('{}', str(photos)) for word in words))
    assert message in capfd.readouterr().err
    assert sorted(os.listdir(photos)) == ['0.png', '1.png', '2.png', 'more']


def test_two_pictures_with_one_sidecar_are_refused(infer, photos, capfd):
    shutil.copy(photos / '0.png', photos / '0.jpg')
    with pytest.raises(SystemExit, match='2'):
        infer(photos, '--sidecar', 'txt', '--append')
    assert 'would have the same sidecar' in capfd.readouterr().err
    assert infer(photos, '--sidecar', 'xmp') == 0
    assert len(list(photos.glob('*.xmp'))) == 4


def test_a_reader_that_is_gone_ends_the_run(monkeypatch):
    def gone(*args, **kwargs):
        raise OSError(32, 'Broken pipe')

    monkeypatch.setattr('builtins.print', gone)
    with pytest.raises(OSError, match='Broken pipe'):
        _hand_out(Tagged('a.jpg'), (), [Lines()])


def test_an_interrupted_run_leaves_the_file_of_before(
    infer, photos, tmp_path, monkeypatch
):
    out = tmp_path / 'out.jsonl'
    out.write_text('old')

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr('mvlr_mm.tagging.result_files._as_json', interrupt)
    with pytest.raises(SystemExit, match='130'):
        infer(photos, '--out', out, '--overwrite')
    assert out.read_text() == 'old'
    assert not [p for p in os.listdir(tmp_path) if p.startswith('.')]
