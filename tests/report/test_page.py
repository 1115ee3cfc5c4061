from mvlr_mm.report.page import page


def test_sections_are_linked_and_nothing_may_be_loaded():
    html = page('<i>', 'head', [('One two', '<section id="one-two">a</section>')])
    assert '<title>&lt;i&gt;</title>' in html
    assert '<h1>&lt;i&gt;</h1>head' in html
    assert '<a href="#one-two">One two</a>' in html
    assert "default-src 'none'; img-src data:" in html
    assert 'prefers-color-scheme: dark' in html
