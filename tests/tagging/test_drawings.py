import cv2
import numpy as np
from PIL import Image

from mvlr_mm.apis import Tagged
from mvlr_mm.tagging.drawings import (
    common_folder,
    draw_heat_maps,
    draw_tags,
    drawing_path,
)


def test_drawings_lie_as_the_pictures_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = common_folder(['photos/a/x.jpg', 'photos/b/c/x.jpg'])
    assert root == str(tmp_path / 'photos')
    assert str(drawing_path('out', 'photos/b/c/x.jpg', root)) == 'out/b/c/x.jpg'
    assert common_folder(['x.jpg']) == str(tmp_path)


def test_heat_maps_are_named_by_rank_and_label(tmp_path):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, np.full((8, 12, 3), 100, np.uint8))
    logits = np.full((3, 2, 2), -9, np.float32)
    logits[2, :, 1] = 9  # the right half
    tags = (('a/b: "x"', 0.9), ('cat', 0.5))
    found = Tagged(path, tags=tags, heatmap=logits)
    draw_heat_maps(tmp_path / 'maps' / 'a.png', found, ('cat', 'dog', 'a/b: "x"'))
    names = sorted(p.name for p in (tmp_path / 'maps').iterdir())
    assert names == ['a.png_01_a_b_ _x_.png', 'a.png_02_cat.png']
    image = np.asarray(Image.open(tmp_path / 'maps' / names[0])).astype(int)
    colour = image[..., 0] - image[..., 2]
    assert colour[:, 0].max() < 10
    assert colour[:, -1].min() > 100
    cold = np.asarray(Image.open(tmp_path / 'maps' / names[1])).astype(int)
    assert np.ptp(cold, axis=2).max() < 10


def test_a_picture_without_tags_says_so(tmp_path):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, np.full((300, 200, 3), 100, np.uint8))
    draw_tags(tmp_path / 'none.png', Tagged(path))
    tags = tuple((f'label {i}', 0.5) for i in range(20))
    draw_tags(tmp_path / 'many.png', Tagged(path, tags=tags))
    none, many = (Image.open(tmp_path / f'{name}.png') for name in ('none', 'many'))
    assert many.height - none.height >= 15 * 19
    assert none.height > 300


def test_a_name_that_is_wider_than_the_picture_goes_on_below(tmp_path):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, np.full((90, 160, 3), 100, np.uint8))
    tags = (('a person between 18 and 60 years', 0.93), ('cat', 0.5))
    heights = []
    for some in (tags[1:], tags[:1], tags):  # a line, two, and three
        draw_tags(tmp_path / 'drawn.png', Tagged(path, tags=some))
        heights.append(Image.open(tmp_path / 'drawn.png').height)
    assert np.diff(heights).tolist() == [15, 15]
