"""The page: one file that loads nothing, from no network and no other file."""

from collections.abc import Sequence
from pathlib import Path

from .elements import anchor, text

# what is not in the file is not loaded, whoever wrote a label's name
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(title: str, head: str, sections: Sequence[tuple[str, str]]) -> str:
    """Return the whole page.

    Args:
        title: Text of the window and of the heading.
        head: HTML below the heading.
        sections: Title and HTML of each.
    """
    style = Path(__file__).with_name('style.css').read_text(encoding='utf-8')
    links = ''.join(
        f'<a href="#{anchor(name)}">{text(name)}</a>' for name, _ in sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{text(title)}</title><style>\n{style}</style></head><body>\n'
        f'<h1>{text(title)}</h1>{head}<nav>{links}</nav>\n'
        + '\n'.join(content for _, content in sections)
        + '\n</body></html>\n'
    )
