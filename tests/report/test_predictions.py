import re

from mvlr_mm.report.pictures import Thumbnails
from mvlr_mm.report.predictions import predictions, verdicts


def test_verdicts_of_a_picture_are_in_three_colours(tested):
    kinds = re.findall(r'verdict (\w+)">(. [\d.]+ [^<]+)<', verdicts(tested, 0))
    hostile = '&lt;script&gt;alert(1)&lt;/script&gt;'
    assert kinds == [
        ('found', '+ 0.90 dog'),
        ('missed', f'- 0.10 {hostile}'),
        ('wrong', 'x 0.80 a &amp; b'),
    ]


def test_a_picture_without_labels_says_so(tested):
    assert verdicts(tested, 11) == (
        '<span class="faint">no label, none predicted</span>'
    )


def test_pictures_with_errors_come_by_their_number(tested):
    html = predictions(tested, Thumbnails(16), count=4)
    even, worst = html.split('With the most errors')
    assert even.count('<figure') == 4
    assert worst.count('<figure') == 2
    assert worst.index('x 0.80') < worst.index('x 0.70')
