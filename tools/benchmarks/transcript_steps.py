"""Run one command of the transcript; see transcript.py beside this.

Two commands do not simply run to their end: the page of `mvlr demo` has to tag a
picture, and `mvlr tag` is killed in between.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mvlr_mm.extras import require

URL = re.compile(rb'http://127\.0\.0\.1:\d+')
WAIT = 300  # seconds for a page or the first tags
MVLR = (sys.executable, '-m', 'mvlr_stack')


def run(words: Sequence[str], folder: Path, log: Path) -> None:
    """Run a command to its end.

    Args:
        words: Behind `mvlr`.
        folder: Where.
        log: What it says is added to it.

    Raises:
        subprocess.CalledProcessError: Its status is not 0.
    """
    with open(log, 'a') as file:
        subprocess.run(
            [*MVLR, *words], cwd=folder, stdout=file, stderr=file, check=True
        )


def start(words: Sequence[str], folder: Path, log: Path) -> subprocess.Popen:
    """Start a command with a process group of its own; see :func:`run`."""
    with open(log, 'a') as file:
        return subprocess.Popen(
            [*MVLR, *words],
            cwd=folder,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def wait_for(sign: Callable[[], object], process: subprocess.Popen) -> object:
    """Return the first true value of a function while a process runs.

    Raises:
        RuntimeError: The process has ended before.
        TimeoutError: None came.
    """
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        found = sign()
        if found:
            return found
        if process.poll() is not None:
            raise RuntimeError(f'{process.args} ended, with {process.returncode}.')
        time.sleep(0.02)
    raise TimeoutError(f'{process.args}: nothing came in {WAIT} s.')


def kill(process: subprocess.Popen) -> None:
    """End a process and those that it has started, at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def ask_page(words: Sequence[str], folder: Path, log: Path) -> None:
    """Open the page, let it tag a picture, and close it; as :func:`run`.

    Raises:
        RuntimeError: The page has no tags.
    """
    photo = photos_of(folder)[0]
    said = log.stat().st_size
    page = start(words, folder, log)
    try:
        url = wait_for(lambda: URL.search(log.read_bytes()[said:]), page)[0].decode()
        found = drop(url, photo)
    finally:
        page.send_signal(signal.SIGINT)
        page.wait()
    with open(log, 'a') as file:
        file.write(f'{photo.name}: {found}\n')


def drop(url: str, photo: Path) -> list[str]:
    """Drop a picture on the page, as a browser does, and return its labels.

    Args:
        url: Of the page, without a slash at its end.
        photo: The picture.

    Raises:
        RuntimeError: The page has no labels for it.
    """
    http = require('httpx', extra='demo')
    with http.Client(base_url=url, timeout=WAIT) as client, open(photo, 'rb') as file:
        config = client.get('/config').json()
        parts = {part['props'].get('elem_id'): part for part in config['components']}
        target = [parts['picture']['id'], 'change']
        call = next(x for x in config['dependencies'] if target in x['targets'])
        (path,) = client.post('/gradio_api/upload', files={'files': file}).json()
        picture = {'path': path, 'meta': {'_type': 'gradio.FileData'}}
        job = {'data': [picture, ''], 'fn_index': call['id'], 'session_hash': 'drop'}
        client.post('/gradio_api/queue/join', json=job).raise_for_status()
        data = '/gradio_api/queue/data?session_hash=drop'
        with client.stream('GET', data) as events:
            for line in events.iter_lines():
                said = json.loads(line.partition(':')[2] or '{}')
                if said.get('msg') == 'process_completed':
                    break
    found = re.findall(r'data-label="([^"]*)"', str(said['output'].get('data')))
    if not found:
        raise RuntimeError(f'the page has no labels for {photo}: {said}')
    return found


def tag_with_a_kill(words: Sequence[str], folder: Path, log: Path) -> None:
    """Tag, kill that once some tags are written, and go on; as :func:`run`.

    Raises:
        RuntimeError: A picture is twice there, or not.
    """
    out = folder / words[words.index('--out') + 1]
    photos = len(photos_of(folder))
    words = [*words, '--part-rows', str(max(photos // 5, 1))]
    tagging = start(words, folder, log)
    try:
        before = len(wait_for(lambda: rows_of(out), tagging))
    finally:
        kill(tagging)
    run(words, folder, log)
    found = rows_of(out)
    with open(log, 'a') as file:
        file.write(f'killed after {before} of {photos}; {len(found)} in the end\n')
    if not len(found) == len(set(found)) == photos:
        raise RuntimeError(
            f'{len(found)} rows, {len(set(found))} pictures of {photos} in {out}.'
        )


def photos_of(project: Path) -> list[Path]:
    """Return the new photos beside a project, without their sidecars."""
    there = sorted((project.parent / 'new_photos').iterdir())
    return [path for path in there if path.suffix != '.xmp']


def rows_of(folder: Path) -> list[str]:
    """Return the paths of the pictures in the tables of a folder."""
    read = require('pyarrow.parquet', extra='tag').read_table
    tables = sorted(folder.glob('part-*.parquet'))
    return [path for table in tables for path in read(table)['path'].to_pylist()]


PROGRAMS = {'demo': ask_page, 'tag': tag_with_a_kill}  # others run to their end
