"""Serve a page on which a model can be tried."""

import argparse
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path

from mvlr_mm.apis import MultiLabelInferencer
from mvlr_mm.extras import require
from mvlr_mm.page import PageTagger, build_app, listen, private_folder, serve


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.

    Raises:
        ImportError: gradio is missing.
        OSError: The port cannot be used; or as for
            :class:`~mvlr_mm.apis.MultiLabelInferencer`.
    """
    require('gradio', extra='demo')  # before the model, which takes its time
    warnings.filterwarnings('ignore', module='gradio')  # of packages that it calls
    with listen(args.host, args.port) as listening, private_folder() as folder:
        with redirect_stdout(sys.stderr):  # what loading logs
            infer = MultiLabelInferencer(args.model, args.checkpoint, args.device)
        title = Path(args.model).resolve().name
        tagger = PageTagger(infer, args.max_pixels)
        app = build_app(tagger, title, folder, args.host, args.max_queue)
        host, port = listening.getsockname()[:2]
        place = f'[{host}]' if ':' in host else host
        print(f'open http://{place}:{port}/ in a browser; Ctrl-C ends it', flush=True)
        serve(app, listening)
    return 0
