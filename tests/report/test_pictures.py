import base64
import re

import cv2
import numpy as np

from mvlr_mm.report.pictures import Thumbnails, embed


def decode(html):
    data = re.search('base64,([^"]+)"', html)[1]
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), 1)


def test_pictures_keep_proportions_and_colours():
    pixels = np.full((200, 100, 3), (250, 20, 40), np.uint8)
    html = embed(pixels, 50, 'a "title"')
    small = decode(html)
    assert small.shape == (50, 25, 3)
    assert 'width="25" height="50"' in html
    np.testing.assert_allclose(small.mean((0, 1)), (250, 20, 40), atol=4)
    assert 'title="a &quot;title&quot;"' in html


def test_small_pictures_stay_small():
    assert decode(embed(np.zeros((1, 7, 3), np.uint8), 50)).shape == (1, 7, 3)


def test_a_picture_is_read_once(results, monkeypatch):
    thumbnail = Thumbnails(20)
    first = thumbnail(results.paths[0])
    assert decode(first).shape == (15, 20, 3)
    monkeypatch.setattr('mvlr_mm.report.pictures.read_picture', None)
    assert thumbnail(results.paths[0]) == first
    assert not thumbnail.lost


def test_what_cannot_be_read_leaves_a_place_and_a_reason(tmp_path):
    thumbnail = Thumbnails(20)
    (tmp_path / 'x.png').write_bytes(b'none')
    for path in ('', str(tmp_path / 'gone.png'), str(tmp_path / 'x.png')):
        assert 'cannot be read' in thumbnail(path)
        assert thumbnail.lost[path]
