"""The guides as a site: built strictly, then every link of the result is followed."""

import importlib.util
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

ROOT = Path(__file__).parents[2]


class Links(HTMLParser):
    """What a page leads to, loads, and can be reached at."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.loaded = {''}, [], []
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors |= {found.get('id'), found.get('name')}
        if tag == 'a' and 'href' in found:
            self.links.append(found['href'])
        self.loaded += [
            v for k, v in attrs if k == 'src' or (tag, k) == ('link', 'href')
        ]


def dead_links(site):
    """Return the links and files of all pages that lead nowhere within the site."""
    pages = {path: Links(path) for path in site.rglob('*.html')}
    dead = []
    for path, page in pages.items():
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or path.name == '404.html':  # its links begin at a host
                continue
            target = (
                (path.parent / unquote(parts.path)).resolve() if parts.path else path
            )
            there = target.is_file() or target == site
            anchor = unquote(parts.fragment)
            if not there or (target in pages and anchor not in pages[target].anchors):
                dead.append(f'{path.relative_to(site)}: {link}')
    return sorted(dead)


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp('site').resolve()
    build(load_config(str(ROOT / 'mkdocs.yml'), strict=True, site_dir=str(folder)))
    return folder


@pytest.fixture
def hook():
    path = ROOT / 'tools/site_pages.py'
    spec = importlib.util.spec_from_file_location('site_pages', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_link_is_dead(site):
    assert dead_links(site) == []


def test_a_dead_link_would_be_seen(tmp_path):
    site = tmp_path.resolve()
    (site / 'a.html').write_text('<a href="b.html#x"></a><a href="b.html#y"></a>')
    (site / 'b.html').write_text('<p id="x"></p><a href="a.html"></a><img src="c.png">')
    assert dead_links(site) == ['a.html: b.html#y', 'b.html: c.png']


def test_no_page_loads_anything_from_another_host(site):
    for path in site.rglob('*.html'):
        strange = [x for x in Links(path).loaded if urlsplit(x).netloc]
        assert not strange, path
        assert 'class="mermaid"' not in path.read_text()  # its script is elsewhere
    for path in site.rglob('*.css'):
        text = path.read_text()
        assert 'url(http' not in text
        assert '@import' not in text


def test_every_document_is_a_page(site, hook):
    documents = [ROOT / name for name in hook.STARTS]
    documents += [*ROOT.glob('docs/**/*.md'), *ROOT.glob('configs/*/README.md')]
    for path in documents:
        place = Path(hook.place_of(path)).with_suffix('.html')
        place = place.with_name('index.html') if place.stem == 'README' else place
        assert (site / place).is_file(), path


def test_formulas_are_drawn_without_a_script(site):
    text = (site / 'guides/mvlr.html').read_text()
    assert text.count('<math') > 20
    assert '$' not in text.partition('<article')[2].partition('</article')[0]


def test_code_that_a_page_speaks_of_is_shown(site):
    text = (site / 'code/mvlr_mm/models/necks/ifm.py.html').read_text()
    assert 'Interaction and Fusion Module' in text


def test_a_folder_stands_for_pages_that_are_not_named(hook):
    pages = ['a/README.md', 'a/b.md', 'a/c.md', 'd.md']
    nav = ['d.md', {'A': ['a/c.md', 'a/']}]
    assert hook.filled(nav, pages) == [
        'd.md',
        {'A': ['a/c.md', 'a/README.md', 'a/b.md']},
    ]
