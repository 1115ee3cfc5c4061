"""The page: what stands where, and what calls what."""

import tempfile
from pathlib import Path
from typing import Any

from ..extras import require
from ..report.elements import text
from .added_labels import read_added
from .bars import HINT, bars, failure
from .table import FILES, distinct, rows_table, summary, write_files
from .tagger import PageTagger

MOST_FILES = 1000  # at a time
_HEIGHT = 300  # of a picture, in pixels of the page
_CLICK = """element.addEventListener('click', (event) => {
  const row = event.target.closest('[data-label]');
  if (row) trigger('click', {label: row.dataset.label});
});"""
_ONE = dict(concurrency_id='model', concurrency_limit=1, api_visibility='private')


def build_page(tagger: PageTagger, title: str, folder: Path) -> Any:
    """Return the page, a ``gradio.Blocks``.

    Args:
        tagger: The model.
        title: What the page is called.
        folder: For files to take away.

    Raises:
        ImportError: gradio is missing.
    """
    gr = require('gradio', extra='demo')
    with gr.Blocks(
        title=title, analytics_enabled=False, delete_cache=(600, 3600)
    ) as page:
        with gr.Row(equal_height=True):
            with gr.Column(scale=5):
                gr.HTML(heading(title, len(tagger.own)), elem_id='heading')
            with gr.Column(scale=4):
                words = _words(gr, tagger)
        with gr.Tab('One picture'):
            _one_picture(gr, tagger, words)
        with gr.Tab('Many pictures'):
            _many_pictures(gr, tagger, words, folder)
    return page


def _words(gr: Any, tagger: PageTagger) -> Any:
    """Return the field for labels; what keeps it closed stands in it."""
    return gr.Textbox(
        label='Add labels by name, trained or not',
        placeholder='a red car, snow' if tagger.fixed is None else None,
        info=tagger.fixed,
        interactive=tagger.fixed is None,
        submit_btn='Add' if tagger.fixed is None else False,
        elem_id='words',
    )


def heading(title: str, labels: int) -> str:
    """Return the head of the page as HTML."""
    return f'<h1>{text(title)}</h1><p>tags pictures with {labels:,} labels</p>'


def _one_picture(gr: Any, tagger: PageTagger, words: Any) -> None:
    with gr.Row():
        with gr.Column(scale=5):
            picture = gr.Image(
                label='Picture',
                type='filepath',
                sources=['upload', 'clipboard'],
                height=_HEIGHT,
                elem_id='picture',
            )
            where = gr.Dropdown(
                [],
                label='Where is it seen? In colour: how sure the model is of it there',
                elem_id='label',
            )
            heat = gr.Image(
                show_label=False,
                interactive=False,
                format='png',
                height=_HEIGHT - 40,  # without the other's buttons
                buttons=['download', 'fullscreen'],
                elem_id='heat',
                visible=tagger.has_maps,
            )
        with gr.Column(scale=4):
            scores = gr.HTML(HINT, js_on_load=_CLICK, elem_id='scores')
    # It is handed over unread: Gradio would decode it, whatever its size.
    picture.preprocess = lambda file: None if file is None else file.path

    def show(path: str | None, line: str | None, first: bool = False) -> list:
        """Return the bars, the labels to choose from, and a map of one of them."""
        nothing = gr.Dropdown([], value=None)
        if path is None:
            return [HINT, nothing, None]
        try:
            added = read_added(line, tagger.own)
            look = tagger.look(path, added)
        except ValueError as error:
            return [failure(error), nothing, None]
        best = look.names[int(look.scores.argmax())]
        chosen = added[0] if first and added else best
        names = gr.Dropdown(list(look.names), value=chosen)
        return [bars(look), names, look.where(chosen)]

    def draw(path: str | None, line: str | None, name: str | None) -> Any:
        """Return the map of a label that is shown; the line may be another by now."""
        try:
            added = read_added(line, tagger.own)
        except ValueError:
            added = ()
        try:
            if name not in (*tagger.own, *added):
                added = read_added(name, tagger.own)
            return tagger.look(path, added).where(name)
        except (TypeError, ValueError):  # another picture has come meanwhile
            return None

    def choose(path: str | None, line: str | None, event: gr.EventData) -> list:
        """Return the label whose bar was clicked, and its map."""
        return [event.label, draw(path, line, event.label)]

    shown = [scores, where, heat]
    every = dict(_ONE, trigger_mode='multiple')  # else what is asked meanwhile is lost
    picture.change(show, [picture, words], shown, **_ONE)
    words.submit(
        lambda path, line: show(path, line, first=True),
        [picture, words],
        shown,
        **every,
    )
    where.input(draw, [picture, words, where], heat, **every)
    scores.click(choose, [picture, words], [where, heat], **every)


def _many_pictures(gr: Any, tagger: PageTagger, words: Any, folder: Path) -> None:
    with gr.Row():
        files = gr.File(
            label='Drop pictures', file_count='multiple', height=160, elem_id='files'
        )
        with gr.Column(scale=0, min_width=220):
            whole = gr.UploadButton(
                'Choose a folder', file_count='directory', size='md', elem_id='folder'
            )
            start = gr.Button('Tag', variant='primary', size='md', elem_id='start')
    with gr.Row(equal_height=True):
        said = gr.HTML('', elem_id='said')
        downloads = [
            gr.DownloadButton(name, interactive=False, size='md', scale=0)
            for name in FILES
        ]
    table = gr.HTML('', elem_id='table')

    def download(path: str | None) -> Any:
        """Return what becomes of a button; one that hides would hang Gradio 6.17."""
        return gr.DownloadButton(value=path, interactive=path is not None)

    def tag(
        paths: list[str] | None,
        line: str | None,
        progress: Any = gr.Progress(),  # noqa: B008  (by which Gradio knows it)
    ) -> list:
        """Return what was done, the table, and its files."""
        try:
            if not paths or len(paths) > MOST_FILES:
                raise ValueError(
                    f'{len(paths or ()):,} files: give 1 to {MOST_FILES:,} pictures; '
                    '`mvlr infer` takes any number.'
                )
            found = tagger.rows(paths, read_added(line, tagger.own))
            found = progress.tqdm(found, total=len(paths), desc='tagging')
            rows = distinct(list(found))
        except ValueError as error:
            return [failure(error), '', *map(download, [None] * len(FILES))]
        folder.mkdir(mode=0o700, exist_ok=True)  # systems empty /tmp after some days
        paths, missing = write_files(rows, Path(tempfile.mkdtemp(dir=folder)))
        note = failure(ValueError(missing)) if missing else ''
        done = f'<p>{summary(rows)}</p>{note}'
        return [done, rows_table(rows), *map(download, paths)]

    shown = [said, table, *downloads]
    start.click(tag, [files, words], shown, **_ONE)
    whole.upload(tag, [whole, words], shown, **_ONE)
