import re

import pytest

from mvlr_mm.report import judge_results, write_report


@pytest.fixture(scope='module')
def html(tested, tmp_path_factory):
    path = tmp_path_factory.mktemp('report') / 'new/report.html'
    assert write_report(path, tested, 'A run', 'a.pth') == {}
    return path.read_text(encoding='utf-8')


def test_the_page_needs_nothing_but_itself(html):
    sources = re.findall(r'(?:src|href)="([^"]{,12})', html)
    assert sources
    assert all(x.startswith(('data:image/j', '#')) for x in sources)
    assert 'url(' not in html
    assert '@import' not in html
    assert '<script' not in html


def test_every_link_leads_to_a_section(html):
    links = re.findall('href="#(.*?)"', html)
    assert len(links) == 7
    for link in links:
        assert html.count(f'<section id="{link}">') == 1


def test_tags_are_closed(html):
    for tag in ('section', 'div', 'figure', 'table', 'td', 'span', 'details', 'svg'):
        assert len(re.findall(f'<{tag}[ >]', html)) == html.count(f'</{tag}>')


def test_lost_pictures_are_returned(results, tmp_path):
    tested = judge_results(results._replace(paths=['gone.png'] * 12))
    lost = write_report(tmp_path / 'x.html', tested, 'A run', 'a.pth')
    assert list(lost) == ['gone.png']


def test_one_picture_and_one_label_are_enough(results, tmp_path):
    one = results._replace(
        scores=results.scores[:1, 3:],
        targets=results.targets[:1, 3:],
        classes=['never'],
        paths=results.paths[:1],
    )
    write_report(tmp_path / 'x.html', judge_results(one), 'A run', 'a.pth')
    assert 'no label is in any picture' in (tmp_path / 'x.html').read_text()
