"""A page to try a model in the browser."""

from .server import build_app, listen, private_folder, serve
from .tagger import PageTagger

__all__ = ['PageTagger', 'build_app', 'listen', 'private_folder', 'serve']
