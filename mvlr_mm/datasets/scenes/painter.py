"""Turns a layout into a picture and into what can really be seen in it."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageFilter

from .layout import Layout, Place
from .palette import RGB, SKIES, shade, vary
from .things import draw_thing

GROUNDS: dict[str, RGB] = {
    'coast': (214, 192, 146),
    'town': (134, 132, 134),
    'meadow': (112, 156, 84),
}
SEA: RGB = (52, 108, 158)
GLOWS = frozenset({'sun', 'moon', 'star'})  # the time of day does not darken these

MIN_VISIBLE = 0.35  # of a thing's own pixels; what shows less is not annotated
MIN_PIXELS = 10
SOLID = 128  # alpha from which on a pixel belongs to the thing


@dataclass(frozen=True)
class Sighting:
    """One visible thing.

    Attributes:
        name: The label.
        bbox: x, y, width, height of what shows, in pixels.
        area: Pixels that show.
    """

    name: str
    bbox: tuple[int, int, int, int]
    area: int


class _Canvas:
    """The picture and, pixel by pixel, the number of the thing in front."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self.owner = np.full((image.height, image.width), -1)
        self.things: list[tuple[str, int]] = []  # name, own pixels inside the frame

    def paste(self, name: str | None, tile: Image.Image, left: int, top: int) -> None:
        """Paste a thing, or clutter that only covers others if it has no name."""
        self.image.paste(tile, (left, top), tile)
        alpha = Image.new('L', self.image.size)
        alpha.paste(tile.getchannel('A'), (left, top))
        solid = np.asarray(alpha) >= SOLID
        self.owner[solid] = -1 if name is None else len(self.things)
        if name is not None:
            self.things.append((name, int(solid.sum())))

    def sightings(self) -> list[Sighting]:
        """Return the things of which enough shows."""
        seen = []
        for number, (name, own) in enumerate(self.things):
            ys, xs = np.nonzero(self.owner == number)
            if len(ys) >= max(MIN_PIXELS, MIN_VISIBLE * own):
                left, top = int(xs.min()), int(ys.min())
                width, height = int(xs.max()) + 1 - left, int(ys.max()) + 1 - top
                seen.append(Sighting(name, (left, top, width, height), len(ys)))
        return seen


def paint(
    layout: Layout, size: int, rng: Generator
) -> tuple[Image.Image, list[Sighting]]:
    """Paint a layout.

    Args:
        layout: What is where.
        size: Side of the square picture in pixels.
        rng: Source of randomness: colours, clutter, noise.

    Returns:
        The RGB picture and what can be seen in it.
    """
    top, bottom, light = SKIES[layout.time]
    top, bottom = vary(top, rng, 0.1), vary(bottom, rng, 0.1)
    light *= rng.uniform(0.85, 1.1)
    canvas = _Canvas(_gradient(top, bottom, layout.horizon, size))
    behind = [p for p in layout.places if p.foot <= layout.horizon + 0.02]
    for place in behind:
        _paste_place(canvas, place, light, bottom, rng)
    _lay_ground(canvas, layout, light, rng)
    for place in layout.places[len(behind) :]:
        if rng.uniform() < 0.1:
            _paste_clutter(canvas, layout, place.foot, light, rng)
        _paste_place(canvas, place, light, bottom, rng)
    return _photograph(canvas.image, rng), canvas.sightings()


def _gradient(top: RGB, bottom: RGB, horizon: float, size: int) -> Image.Image:
    part = np.clip(np.arange(size) / (horizon * size), 0, 1)[:, None]
    rows = np.array(top) * (1 - part) + np.array(bottom) * part
    pixels = np.repeat(rows[:, None], size, axis=1)
    return Image.fromarray(pixels.astype(np.uint8))


def _lay_ground(canvas: _Canvas, layout: Layout, light: float, rng: Generator) -> None:
    size = canvas.image.width
    horizon, shore = round(layout.horizon * size), round(layout.shore * size)
    ground = shade(vary(GROUNDS[layout.setting], rng, 0.1), light)
    soil = _texture(ground, size, size - horizon, rng)
    canvas.paste(None, soil, 0, horizon)
    if shore > horizon:
        sea = _texture(shade(vary(SEA, rng, 0.12), light), size, shore - horizon, rng)
        canvas.paste('sea', sea, 0, horizon)


def _texture(color: RGB, width: int, height: int, rng: Generator) -> Image.Image:
    """Return a plane with flat stripes that grow towards the viewer."""
    rows = np.repeat(rng.normal(0, 5, (height, 1, 1)), width, axis=1)
    spots = rng.normal(0, 5, (height // 2 + 1, width // 6 + 1, 1))
    spots = spots.repeat(2, axis=0).repeat(6, axis=1)[:height, :width]
    pixels = np.clip(np.array(color) + rows + spots, 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.putalpha(255)
    return image


def _paste_place(
    canvas: _Canvas, place: Place, light: float, air: RGB, rng: Generator
) -> None:
    size = canvas.image.width
    tile = draw_thing(place.name, rng)
    if rng.uniform() < 0.5:
        tile = tile.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    lean = rng.normal(0, 12 if place.foot < 0.3 else 4)
    tile = tile.rotate(lean, Image.Resampling.BILINEAR, expand=False)
    width = max(round(place.side * size * rng.uniform(0.8, 1.25)), 4)
    height = max(round(place.side * size), 4)
    tile = tile.resize((width, height), Image.Resampling.BOX)
    tile = _light(tile, 1 if place.name in GLOWS else light, air, place.haze)
    left, top = round(place.x * size - width / 2), round(place.foot * size) - height
    canvas.paste(place.name, tile, left, top)


def _light(tile: Image.Image, light: float, air: RGB, haze: float) -> Image.Image:
    pixels = np.asarray(tile).astype(np.float32)
    color = np.clip(pixels[..., :3] * light, 0, 255)
    pixels[..., :3] = color * (1 - haze) + np.array(air) * haze
    return Image.fromarray(pixels.astype(np.uint8))


def _paste_clutter(
    canvas: _Canvas, layout: Layout, foot: float, light: float, rng: Generator
) -> None:
    """Paste a bush, rock or post: no label, but it covers and confuses."""
    size = canvas.image.width
    width, height = rng.integers(3, size // 6, 2)
    if layout.setting == 'town' and rng.uniform() < 0.5:
        width, height = max(size // 50, 2), size // 4
    color = shade(vary((96, 104, 84), rng, 0.2), light)
    tile = np.full((height, width, 4), (*color, 255), np.uint8)
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    tile[..., 3] = 255 * ((xs**4 + ys**2) <= 1.0)
    left = int(rng.integers(0, size))
    canvas.paste(None, Image.fromarray(tile), left, round(foot * size) - int(height))


def _photograph(image: Image.Image, rng: Generator) -> Image.Image:
    """Add what a camera adds: blur, cast, contrast, noise, at times no colour."""
    if rng.uniform() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.7)))
    pixels = np.asarray(image).astype(np.float32)
    pixels = (pixels - 128) * rng.uniform(0.85, 1.15) + 128 + rng.normal(0, 6)
    pixels += rng.normal(0, 4, 3) + rng.normal(0, rng.uniform(1, 5), pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
