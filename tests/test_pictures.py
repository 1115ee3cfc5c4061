import io

import cv2
import mmcv
import numpy as np
import pytest
from PIL import Image

from mvlr_mm.pictures import bits_of, decode_picture, picture_bytes, read_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
GREY = PIXELS[..., 0]


def encoded(image, kind, **options):
    file = io.BytesIO()
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(file, kind, **options)
    return file.getvalue()


def turned(kind, orientation, pixels=PIXELS, **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(pixels, kind, exif=exif, **options)


BLACK = Image.new('RGB', (60, 40))
PALETTE = Image.fromarray(PIXELS).quantize(16)
EIGHT_BITS = {
    'jpeg': encoded(PIXELS, 'JPEG'),
    'grey jpeg': encoded(GREY, 'JPEG'),
    'progressive': encoded(PIXELS, 'JPEG', progressive=True),
    'cmyk': encoded(Image.fromarray(PIXELS).convert('CMYK'), 'JPEG'),
    'png': encoded(PIXELS, 'PNG'),
    '1 bit': encoded(GREY > 99, 'PNG'),
    '1 bit tiff': encoded(GREY > 99, 'TIFF'),
    'palette': encoded(PALETTE, 'PNG', transparency=3),
    'transparent': encoded(np.dstack([PIXELS, GREY]), 'PNG'),
    'webp': encoded(PIXELS, 'WEBP', lossless=True),
    'tiff': encoded(PIXELS, 'TIFF'),
    'bmp': encoded(PIXELS, 'BMP'),
    'pages': encoded(PIXELS, 'TIFF', save_all=True, append_images=[BLACK]),
    **{f'exif {i}': turned('JPEG', i) for i in range(1, 9)},
}


@pytest.mark.parametrize('content', EIGHT_BITS.values(), ids=EIGHT_BITS)
def test_eight_bits_are_as_mmcv_loads_them(content):
    img = decode_picture(content, 'a')
    np.testing.assert_array_equal(img, mmcv.imfrombytes(content))
    assert img.dtype == np.uint8


@pytest.mark.parametrize(
    ('content', 'wanted'),
    [
        (encoded(PIXELS, 'PNG'), PIXELS),
        (encoded(PALETTE, 'PNG'), np.asarray(PALETTE.convert('RGB'))),
        (encoded(GREY > 99, 'PNG'), np.dstack([(GREY > 99) * 255] * 3)),
        (turned('PNG', 6), np.rot90(PIXELS, -1)),
        (turned('TIFF', 3), np.rot90(PIXELS, 2)),
        (encoded(PALETTE, 'GIF'), np.asarray(PALETTE.convert('RGB'))),
        (
            encoded(PIXELS, 'PNG', save_all=True, append_images=[BLACK]),
            PIXELS,
        ),
    ],
)
def test_what_a_file_without_loss_says(content, wanted):
    np.testing.assert_array_equal(decode_picture(content, 'a')[..., ::-1], wanted)


@pytest.mark.parametrize('bits', [8, 10, 12, 14, 16])
@pytest.mark.parametrize('suffix', ['.png', '.tiff'])
@pytest.mark.parametrize('grey', [True, False])
def test_16_bits_are_scaled_by_those_that_are_used(bits, suffix, grey):
    full = 2**bits - 1
    values = (
        np.random.default_rng(1).integers(0, full + 1, (30, 20, 3)).astype(np.uint16)
    )
    values[0, 0] = full
    values = values[..., 0] if grey else values
    img = decode_picture(cv2.imencode(suffix, values)[1].tobytes(), 'a')
    wanted = np.floor(values / full * 255 + 0.5)
    np.testing.assert_array_equal(img, np.dstack([wanted] * 3) if grey else wanted)


def test_bits_may_be_said():
    content = cv2.imencode('.png', np.full((5, 5), 900, np.uint16))[1].tobytes()
    assert decode_picture(content, 'a').mean() == round(900 / 1023 * 255)
    assert decode_picture(content, 'a', bits=12).mean() == round(900 / 4095 * 255)
    with pytest.raises(ValueError, match=r'a holds values from 900 to 900, .* 8 bits'):
        decode_picture(content, 'a', bits=8)


@pytest.mark.parametrize(
    ('top', 'bits'), [(0, 8), (255, 8), (256, 10), (65535, 16), (65536, 17)]
)
def test_bits_of_a_picture(top, bits):
    assert bits_of(np.array([[0, top]])) == bits


def test_numbers_of_other_kinds():
    real = np.linspace(0, 1, 1200, dtype=np.float32).reshape(30, 40)
    for content in (
        encoded(real, 'TIFF'),
        cv2.imencode('.tiff', np.dstack([real] * 3))[1].tobytes(),
    ):
        img = decode_picture(content, 'a')
        np.testing.assert_array_equal(img, np.dstack([np.rint(real * 255)] * 3))
    whole = encoded(GREY.astype(np.int32) * 16, 'TIFF')
    img = decode_picture(whole, 'a')
    assert abs(img.mean() - GREY.mean() * 16 / 4095 * 255) < 0.5


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        (np.float32([[0, 255]]), r'a holds real numbers from 0.0 to 255.0'),
        (np.float32([[0, np.nan]]), r'a holds real numbers from nan to nan'),
        (
            np.int32([[-1, 5]]),
            r'a holds values from -1 to 5, which are not',
        ),
        (np.int32([[0, 70000]]), r'a holds values from 0 to 70000'),
    ],
)
def test_values_of_which_no_scale_is_known(values, message):
    with pytest.raises(ValueError, match=message):
        decode_picture(encoded(values, 'TIFF'), 'a')


def test_what_opencv_does_not_know_is_read_by_pillow():
    content = encoded(PIXELS[:16, :16], 'ICO', sizes=[(16, 16)])
    np.testing.assert_array_equal(
        decode_picture(content, 'a')[..., ::-1], PIXELS[:16, :16]
    )


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP', 'TIFF', 'BMP', 'GIF'])
@pytest.mark.parametrize('share', [0.5, 0.97])
def test_a_file_that_was_cut_is_named(tmp_path, kind, share):
    image = Image.fromarray(PIXELS) if kind != 'GIF' else PALETTE
    content = encoded(image, kind)
    path = tmp_path / 'my picture'
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ValueError, match=r'my picture (cannot be decoded: |is no pic)'):
        read_picture(str(path))


@pytest.mark.skipif(
    '.avif' not in Image.registered_extensions(), reason='this Pillow reads no AVIF'
)
@pytest.mark.parametrize('orientation', range(1, 9))
def test_avif_is_turned_as_exif_says(orientation):
    corner = np.zeros((40, 60, 3), np.uint8)
    corner[:20, :30] = 250  # blue, green and red alike
    img, wanted = (
        decode_picture(turned(kind, orientation, corner, quality=100), 'a')
        for kind in ('AVIF', 'PNG')
    )
    assert img.shape == wanted.shape
    assert np.abs(img.astype(int) - wanted).max() < 20


def test_a_cut_jpeg_is_refused_where_opencv_would_fill_it_in(monkeypatch):
    exif = Image.Exif()
    thumbnail = encoded(PIXELS[:8, :8], 'JPEG')
    exif[0x010E] = thumbnail.decode('latin-1')  # which has an end of its own
    content = encoded(PIXELS, 'JPEG', exif=exif)
    assert decode_picture(content, 'a').shape == PIXELS.shape
    monkeypatch.setattr(cv2, 'imdecode', lambda *_: PIXELS)
    with pytest.raises(ValueError, match='a cannot be decoded'):
        decode_picture(content[:-100], 'a')


def test_empty_and_missing_files_are_named(tmp_path):
    (tmp_path / 'a.jpg').touch()
    with pytest.raises(ValueError, match=r'a\.jpg is empty; copy it again'):
        read_picture(str(tmp_path / 'a.jpg'))
    with pytest.raises(FileNotFoundError, match=r'b\.jpg'):
        read_picture(str(tmp_path / 'b.jpg'))


@pytest.mark.parametrize(
    'path', ['file:///a.jpg', 'hdfs://a/b.jpg', 'https://old.org/https://new.org/a.jpg']
)
def test_an_address_of_an_unknown_kind_is_told(path):
    with pytest.raises(ValueError, match=r'with one of .*https://, once') as error:
        picture_bytes(path)
    assert str(error.value).startswith(f'{path} is no address that can be read')


def test_a_backend_of_the_caller_reads_any_address(tmp_path):
    path = tmp_path / 'a.jpg'
    path.write_bytes(b'content')
    assert picture_bytes(str(path), {'backend': 'local'}) == b'content'


def test_a_path_may_be_one_of_pathlib(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'x')
    assert picture_bytes(tmp_path / 'a.png') == b'x'
