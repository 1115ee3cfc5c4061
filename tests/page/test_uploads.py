import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from mvlr_mm.page import uploads
from mvlr_mm.page.uploads import read_upload
from mvlr_mm.pictures import read_picture


def claim(width, height):
    """Return a PNG that says it has a size, and has a few pixels."""

    def chunk(name, data):
        crc = struct.pack('>I', zlib.crc32(name + data))
        return struct.pack('>I', len(data)) + name + data + crc

    head = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + head + chunk(b'IDAT', zlib.compress(bytes(99)))


def encoded(kind, size=(40, 30), **options):
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), np.uint8)
    Image.fromarray(noise).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize('kind', uploads.FORMATS)
def test_a_picture_is_read_as_everywhere_else(kind, tmp_path):
    path = tmp_path / f'a.{kind.lower()}'
    path.write_bytes(encoded(kind))
    pixels = read_upload(str(path), 1200)
    np.testing.assert_array_equal(pixels, read_picture(str(path)))
    assert pixels.shape == (30, 40, 3)


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('empty.jpg', b'', 'empty.jpg is empty'),
        ('notes.jpg', b'these are words', 'notes.jpg is no picture that can be read'),
        ('page.svg', b'<svg xmlns="http://www.w3.org/2000/svg"/>', 'is no picture'),
        ('cut.jpg', encoded('JPEG')[:-200], 'cut.jpg cannot be decoded'),
        ('cut.png', encoded('PNG')[:-900], 'cut.png cannot be decoded'),
        ('bare.png', claim(30, 30), 'bare.png cannot be decoded'),
        ('large.png', encoded('PNG', (41, 30)), '41 x 30 pixels, more than the 1,200'),
        ('strip.png', encoded('PNG', (330, 3)), 'strip of 330 x 3'),
        # not decoded: the size is taken from the head
        ('bomb.png', claim(12_000, 12_000), '12,000 x 12,000 pixels, more than'),
        ('bomb.png', claim(60_000, 60_000), 'far more than the 1,200 pixels'),
    ],
)
def test_what_cannot_be_shown_is_said_plainly(
    name, content, message, tmp_path, monkeypatch
):
    if 'bomb' in name:
        monkeypatch.setattr(uploads, 'decode_picture', None)
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        read_upload(str(path), 1200)
    assert str(tmp_path) not in str(raised.value)


def test_an_upload_that_was_removed_is_asked_for_again(tmp_path):
    with pytest.raises(ValueError, match=r'^a.png is not here any more; drop it'):
        read_upload(str(tmp_path / 'a.png'), 1200)


def test_other_codecs_are_not_reached(tmp_path, monkeypatch):
    _, content = cv2.imencode('.ppm', np.zeros((4, 4, 3), np.uint8))
    path = tmp_path / 'a.jpg'
    path.write_bytes(content.tobytes())
    monkeypatch.setattr(uploads, 'decode_picture', None)
    with pytest.raises(ValueError, match='BMP, GIF, JPEG, PNG, TIFF, WEBP can'):
        read_upload(str(path), 1200)
