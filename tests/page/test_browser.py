"""The page as a person uses it: `mvlr demo` in a process, Chromium before it."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mvlr_mm.page import PageTagger

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
if CHROMIUM is None:
    pytest.skip('no chromium: apt install chromium', allow_module_level=True)
pytest.importorskip('gradio', reason='pip install "mvlr_mm[demo]"')
playwright = pytest.importorskip('playwright.sync_api', reason='pip install playwright')


@pytest.fixture(scope='module')
def address(trained, tmp_path_factory):
    temporary = tmp_path_factory.mktemp('temporary')
    words = ['demo', str(trained.folder), '--port', '0', '--device', 'cpu']
    process = subprocess.Popen(
        [sys.executable, '-m', 'mvlr_stack', *words, '--max-pixels', '20000'],
        stdout=subprocess.PIPE,
        text=True,
        # a proxy must not stand between the page and its own machine
        env={
            **os.environ,
            'HTTP_PROXY': 'http://127.0.0.1:9',
            'TMPDIR': str(temporary),
        },
    )
    line = process.stdout.readline()
    yield re.fullmatch(r'open (http://127\.0\.0\.1:\d+/) in a browser.*\n', line)[1]
    assert len(list(temporary.glob('mvlr_demo_*'))) == 1
    process.terminate()
    assert process.wait(60) == 143
    assert not list(temporary.glob('mvlr_demo_*'))


@pytest.fixture(scope='module')
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address):
    """The page, opened; it must ask no other server, and complain of nothing."""
    page = browser.new_page(viewport=dict(width=1280, height=900))
    page.set_default_timeout(60_000)  # of a busy machine
    asked, said, late = [], [], []
    page.on('request', lambda request: asked.append(request.url))
    page.on('response', lambda r: late.append(r.url) if r.status == 404 else None)
    page.on('console', lambda m: said.append(m.text) if m.type == 'error' else None)
    page.goto(address)
    page.wait_for_selector('#picture input[type=file]', state='attached')
    yield page
    page.close()
    assert [x for x in asked if not x.startswith((address, 'data:', 'blob:'))] == []
    # gradio gives up on an upload's progress when a busy machine takes 3 s to begin it
    assert [url for url in late if '/upload_progress' not in url] == []
    if late:
        said = [text for text in said if text != 'Response' and '404' not in text]
    assert said == []


@pytest.fixture(scope='module')
def tagger(infer):
    return PageTagger(infer, 20_000)


def drop(page, *files):
    page.set_input_files('#picture input[type=file]', list(files))


def shown(page):
    """Return the bars: label and number, in order."""
    bars = page.locator('#scores .score')
    texts = [bar.inner_text().split('\n') for bar in bars.all()]
    return [(lines[0], lines[-1]) for lines in texts]


def heat(page):
    """Return the map that is shown."""
    source = page.locator('#heat img').get_attribute('src')
    return Image.open(io.BytesIO(page.request.get(source).body())).convert('RGB')


@contextmanager
def another_map(page):
    """Wait until the map is another one than before."""
    before = page.locator('#heat img').get_attribute('src')
    yield
    page.wait_for_function(
        """before => {
          const image = document.querySelector('#heat img');
          return image !== null && image.src != before;
        }""",
        arg=before,
    )


def expected(look):
    order = np.argsort(-look.scores, kind='stable')
    return [(look.names[i], f'{look.scores[i]:.2f}') for i in order]


def tags_of(row):
    pairs = zip(row.tags, row.scores, strict=True)
    return [f'{tag} {score:.2f}' for tag, score in pairs]


def test_from_a_picture_to_labels_an_added_label_and_maps(page, trained, tagger):
    path = trained.pictures[2]
    look = tagger.look(path, ())
    drop(page, path)
    page.wait_for_selector('#scores .score')
    assert shown(page) == expected(look)
    assert page.locator('#scores .rail i').count() == 3
    page.wait_for_selector('#heat img')
    best = expected(look)[0][0]
    assert page.locator('#label input').input_value() == best
    np.testing.assert_array_equal(heat(page), look.where(best))

    added = 'red <i>car</i> ${1} {{x}}'  # shown as it was written
    words = page.locator('#words textarea, #words input')
    words.fill(added)
    page.locator('#words button').click()
    page.wait_for_function(f'document.querySelector("#label input").value == "{added}"')
    more = tagger.look(path, (added,))
    assert dict(shown(page)) == dict(expected(more))
    np.testing.assert_array_equal(heat(page), more.where(added))

    words.fill('not added yet')  # what is shown can still be asked for
    for name in ('boat', added):
        with another_map(page):
            page.locator('#scores .score .name').get_by_text(name, exact=True).click()
        assert page.locator('#label input').input_value() == name
        np.testing.assert_array_equal(heat(page), more.where(name))


def test_a_label_is_chosen_by_keyboard_and_a_picture_taken_away(page, trained, tagger):
    drop(page, trained.pictures[2])
    page.wait_for_selector('#heat img')
    look = tagger.look(trained.pictures[2], ())
    other = expected(look)[-1][0]
    with another_map(page):
        page.locator('#label input').fill(other)
        page.keyboard.press('Enter')
    np.testing.assert_array_equal(heat(page), look.where(other))
    page.get_by_label('Remove Image').click()
    page.locator('#scores .hint').wait_for()
    assert page.locator('#heat img').count() == 0
    assert page.locator('#label input').input_value() == ''


def test_a_page_of_another_site_cannot_send_files(browser, address):
    other = browser.new_page()
    with other.expect_response(lambda answer: answer.request.method == 'POST') as got:
        other.evaluate(
            """url => {
              const body = new FormData();
              body.append('files', new Blob(['words']), 'a.jpg');
              fetch(url, {method: 'POST', mode: 'no-cors', body});
            }""",
            f'{address}gradio_api/upload',
        )
    assert got.value.status == 403
    other.close()


def test_a_broken_upload_is_told_and_the_next_one_works(page, trained):
    drop(page, dict(name='a.png', mimeType='image/png', buffer=bytes(80_001)))
    page.get_by_text('exceed the maximum allowed size').first.wait_for()
    words = dict(name='../../notes.jpg', mimeType='image/jpeg', buffer=b'words')
    drop(page, words)
    said = page.locator('#scores .failure')
    said.wait_for()
    assert said.inner_text().startswith('notes.jpg is no picture that can be read')
    page.get_by_label('Remove Image').click()
    page.locator('#scores .hint').wait_for()
    drop(page, trained.pictures[0])
    page.wait_for_selector('#scores .score')


def test_many_pictures_become_a_table_and_files(page, trained, tagger, tmp_path):
    bad = tmp_path / 'bad.jpg'
    bad.write_text('words')
    paths = [*trained.pictures[:3], str(bad)]
    page.get_by_role('tab', name='Many pictures').click()
    page.set_input_files('#files input[type=file]', paths)
    page.locator('#files >> text=bad').wait_for()
    page.locator('#start').click()
    page.locator(
        '#said >> text=3 of 4 pictures tagged; 1 could not be read.'
    ).wait_for()
    rows = list(tagger.rows(paths))
    found = [line.inner_text() for line in page.locator('#table tbody tr').all()]
    assert found == [
        f'{row.path}\t{row.error or ", ".join(tags_of(row)) or "-"}' for row in rows
    ]
    found = {}
    for name in ('tags.csv', 'tags.jsonl'):
        with page.expect_download() as download:
            page.get_by_role('button', name=name).click()
        assert download.value.suggested_filename == name
        found[name] = Path(download.value.path()).read_text()
    lines = list(csv.DictReader(io.StringIO(found['tags.csv'])))
    assert [line['path'] for line in lines] == [row.path for row in rows]
    assert [line['tags'] for line in lines] == [';'.join(row.tags) for row in rows]
    records = [json.loads(line) for line in found['tags.jsonl'].splitlines()]
    assert records[3] == dict(path='bad.jpg', error=rows[3].error)


def test_two_people_at_once_have_each_their_own(
    page, browser, address, trained, tagger
):
    other = browser.new_context().new_page()
    other.goto(address)
    other.wait_for_selector('#picture input[type=file]', state='attached')
    pictures, words = trained.pictures[1:3], ('red car', 'snow')
    for one, added in zip((page, other), words, strict=True):
        one.locator('#words textarea, #words input').fill(added)
    for one, path in zip((page, other), pictures, strict=True):
        drop(one, path)  # nobody waits for the other
    for one, path, added in zip((page, other), pictures, words, strict=True):
        one.wait_for_selector('#heat img')
        look = tagger.look(path, (added,))
        assert dict(shown(one)) == dict(expected(look))
        best = one.locator('#label input').input_value()
        np.testing.assert_array_equal(heat(one), look.where(best))
    other.context.close()


def test_a_folder_is_tagged_as_it_comes(page, trained, tmp_path):
    for picture in trained.pictures[:2]:
        shutil.copy(picture, tmp_path)
    page.get_by_role('tab', name='Many pictures').click()
    with page.expect_file_chooser() as chooser:
        page.locator('#folder').click()
    chooser.value.set_files(str(tmp_path))
    page.locator('#said >> text=2 of 2 pictures tagged.').wait_for()
