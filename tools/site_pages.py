"""A hook of mkdocs: what a page links to belongs to the site.

README, CONTRIBUTING, the READMEs of configs and the code that pages speak of lie
outside of `docs`. Each is read where it is, so that no text exists twice: README is the
first page, and code becomes a page that shows it.
"""

import html
import os
import re
import textwrap
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
STARTS = ('README.md', 'CONTRIBUTING.md', 'CHANGELOG.md')
LINK = re.compile(r'(?<=\]\()([^)\s#:]+)(?=[)#])')
# in a list GitHub takes a block at the depth of the text, Python-Markdown four deep
LISTED = re.compile(r'^ {1,3}```.*?^ {1,3}```$', re.MULTILINE | re.DOTALL)
FORMULA = re.compile(
    r'(?s)<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>'
)  # with \\(...\\) in a line and \\[...\\] by itself
CELL = re.compile(r'<td[^>]*>.*?</td>', re.DOTALL)
CODE = """\
---
search: {{ exclude: true }}
---
# {path}

```{language}
{text}
```
"""


def place_of(path: Path) -> str:
    """Return where in the site a file of the repository is, with `/`."""
    name = path.relative_to(ROOT).as_posix()
    if name == 'README.md':
        return 'index.md'
    if path.suffix in ('.py', '.sh'):
        return f'code/{name}.md'
    if name.startswith('configs/'):
        return name.replace('/README.md', '.md')
    return name.removeprefix('docs/')


def linked(page: Path) -> set[Path]:
    """Return the files of the repository that a page links to."""
    found = LINK.findall(page.read_text(encoding='utf-8'))
    paths = {target_of(link, page) for link in found}
    return {path for path in paths if path is not None}


def target_of(link: str, page: Path) -> Path | None:
    """Return the file that a link of a page leads to; None for none of the repository.

    A folder's is its README.
    """
    path = Path(os.path.normpath(page.parent / link))
    path = path / 'README.md' if path.is_dir() else path
    return path if path.is_file() and path.is_relative_to(ROOT) else None


def file_of(path: Path, config: MkDocsConfig) -> File:
    """Return the file of the site for one of the repository."""
    place = place_of(path)
    if not place.startswith('code/'):
        return File.generated(config, place, abs_src_path=str(path))
    language = {'.py': 'python', '.sh': 'bash'}[path.suffix]
    text, name = path.read_text(encoding='utf-8').rstrip(), path.relative_to(ROOT)
    content = CODE.format(path=name, language=language, text=text)
    hidden = InclusionLevel.NOT_IN_NAV
    return File.generated(config, place, content=content, inclusion=hidden)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages link to, and fill in the folders of the navigation."""
    there = {file.src_uri for file in files}
    ahead = [ROOT / name for name in STARTS]
    ahead += sorted(ROOT.glob('configs/*/README.md'))
    ahead += [Path(f.abs_src_path) for f in files.documentation_pages()]
    seen = set(ahead)
    while ahead:
        path = ahead.pop()
        if place_of(path) not in there:
            files.append(file_of(path, config))
        if path.suffix == '.md':
            more = linked(path) - seen
            seen |= more
            ahead += more
    config.nav = filled(
        config.nav, sorted(f.src_uri for f in files if f.is_documentation_page())
    )
    return files


def filled(nav: list, pages: list[str]) -> list:
    """Return a navigation in which folders have become their pages.

    Args:
        nav: Of the config: pages, folders (with a slash at the end) and sections.
        pages: All that there are.
    """
    named = set(_entries(nav))
    rest = [page for page in pages if page not in named]

    def fill(items: list) -> list:
        found = []
        for item in items:
            if isinstance(item, dict):
                ((title, inner),) = item.items()
                found.append({title: fill(inner) if isinstance(inner, list) else inner})
            elif item.endswith('/'):
                own = [page for page in rest if page.startswith(item)]
                found += sorted(own, key=lambda page: not page.endswith('README.md'))
            else:
                found.append(item)
        return found

    return fill(nav)


def _entries(nav: list) -> list[str]:
    found = []
    for item in nav:
        inner = next(iter(item.values())) if isinstance(item, dict) else item
        found += _entries(inner) if isinstance(inner, list) else [inner]
    return found


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Let links lead to places of the site, and give blocks in lists their depth."""
    source = page.file.abs_src_path
    if source is None:  # code
        return markdown

    def lead(match: re.Match) -> str:
        target = target_of(match[0], Path(source))
        if target is None:
            return match[0]
        return os.path.relpath(
            place_of(target), os.path.dirname(page.file.src_uri) or '.'
        )

    markdown = LINK.sub(lead, markdown)
    return LISTED.sub(
        lambda block: textwrap.indent(textwrap.dedent(block[0]), ' ' * 4), markdown
    )


def on_page_content(content: str, **_: object) -> str:
    """Turn formulas into MathML, which browsers draw without a script.

    Args:
        content: Of the page, as HTML.
    """

    def draw(match: re.Match) -> str:
        display = {'span': 'inline', 'div': 'block'}[match[1]]
        return convert(html.unescape(match[2]).strip(), display=display)

    content = FORMULA.sub(draw, content)
    # a bar in a table's code is written as GitHub wants it
    return CELL.sub(lambda cell: cell[0].replace(r'\|', '|'), content)
