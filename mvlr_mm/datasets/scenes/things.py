"""How each thing looks: one small drawing function per label.

A function draws on a square tile whose side is 1; the thing stands on the tile's
lower edge and fills it. Turning, mirroring and resizing come later.
"""

from collections.abc import Callable, Sequence
from math import cos, pi, sin

from numpy.random import Generator
from PIL import Image

from .brush import Brush
from .palette import any_paint, shade, vary


def _around(
    x: float, y: float, radii: Sequence[float], count: int, turn: float = 0
) -> list[tuple[float, float]]:
    """Return ``count`` points around (x, y), going through ``radii`` in turn."""
    return [
        (
            x + radii[i % len(radii)] * sin(2 * pi * i / count + turn),
            y - radii[i % len(radii)] * cos(2 * pi * i / count + turn),
        )
        for i in range(count)
    ]


def _sun(b: Brush, rng: Generator) -> None:
    color = vary((250, 206, 70), rng, 0.12)
    if rng.uniform() < 0.6:
        rays = int(rng.integers(8, 15))
        b.poly(shade(color, 0.95), *_around(0.5, 0.5, (0.5, 0.3), 2 * rays))
    b.oval(color, 0.5, 0.5, 0.33, 0.33)


def _moon(b: Brush, rng: Generator) -> None:
    color = vary((236, 226, 178), rng, 0.12)
    b.oval(color, 0.5, 0.5, 0.45, 0.45)
    if rng.uniform() < 0.6:
        b.erase(rng.uniform(0.7, 0.9), rng.uniform(0.3, 0.5), 0.42)
    else:
        for x, y, r in ((0.35, 0.4, 0.1), (0.6, 0.62, 0.13), (0.62, 0.3, 0.06)):
            b.oval(shade(color, 0.85), x, y, r, r)


def _star(b: Brush, rng: Generator) -> None:
    color = vary((250, 244, 200), rng)
    points = 2 * int(rng.integers(4, 6))
    b.poly(color, *_around(0.5, 0.5, (0.48, 0.17), points, rng.uniform(0, 0.6)))


def _cloud(b: Brush, rng: Generator) -> None:
    color = vary((232, 234, 238), rng, 0.07)
    b.oval(color, 0.5, 0.66, 0.46, 0.17)
    for x in (0.28, 0.5, 0.7):
        r = rng.uniform(0.14, 0.24)
        b.oval(color, x, 0.58 + rng.uniform(-0.08, 0.02), r, r)


def _bird(b: Brush, rng: Generator) -> None:
    color = vary((52, 50, 56), rng, 0.15)
    lift = rng.uniform(-0.15, 0.2)
    wing = ((0.02, 0.35 - lift), (0.28, 0.28), (0.5, 0.5), (0.72, 0.28))
    b.line(color, 0.12, *wing, (0.98, 0.35 - lift))
    b.oval(color, 0.5, 0.52, 0.17, 0.1)


def _airplane(b: Brush, rng: Generator) -> None:
    body = vary((222, 226, 232), rng, 0.1)
    trim = any_paint(rng)
    b.poly(shade(body, 0.8), (0.4, 0.5), (0.58, 0.5), (0.3, 0.18), (0.22, 0.18))
    b.oval(body, 0.52, 0.5, 0.46, 0.12)
    b.poly(trim, (0.06, 0.5), (0.2, 0.48), (0.1, 0.25), (0.02, 0.25))
    b.poly(shade(body, 0.7), (0.42, 0.52), (0.6, 0.52), (0.34, 0.86), (0.26, 0.86))
    b.line(trim, 0.03, (0.2, 0.49), (0.85, 0.49))


def _kite(b: Brush, rng: Generator) -> None:
    one, two = any_paint(rng), any_paint(rng)
    b.poly(one, (0.5, 0.02), (0.78, 0.3), (0.5, 0.68))
    b.poly(two, (0.5, 0.02), (0.22, 0.3), (0.5, 0.68))
    b.line((60, 60, 60), 0.03, (0.5, 0.68), (0.42, 0.8), (0.56, 0.88), (0.48, 1.0))
    b.poly(one, (0.38, 0.76), (0.46, 0.8), (0.4, 0.85))


def _mountain(b: Brush, rng: Generator) -> None:
    rock = vary((112, 112, 128), rng, 0.12)
    peak = rng.uniform(0.35, 0.65)
    b.poly(rock, (0, 1), (peak, 0.1), (1, 1))
    b.poly(shade(rock, 0.8), (peak, 0.1), (1, 1), (peak + 0.08, 1))
    second = rng.uniform(0.1, 0.9)
    b.poly(shade(rock, 0.9), (second - 0.3, 1), (second, 0.5), (second + 0.3, 1))
    if rng.uniform() < 0.6:
        left, right = peak - peak * 0.24, peak + (1 - peak) * 0.24
        snow = ((left, 0.32), (peak - 0.03, 0.26), (peak + 0.04, 0.34), (right, 0.32))
        b.poly((240, 244, 248), (peak, 0.1), *snow[::-1])


def _boat(b: Brush, rng: Generator) -> None:
    hull = any_paint(rng)
    b.poly(hull, (0.04, 0.74), (0.96, 0.74), (0.8, 0.98), (0.2, 0.98))
    if rng.uniform() < 0.6:
        sail = (
            vary((240, 236, 224), rng, 0.1) if rng.uniform() < 0.7 else any_paint(rng)
        )
        b.line((90, 66, 44), 0.04, (0.5, 0.74), (0.5, 0.02))
        b.poly(sail, (0.54, 0.05), (0.9, 0.66), (0.54, 0.66))
        b.poly(shade(sail, 0.85), (0.46, 0.15), (0.16, 0.66), (0.46, 0.66))
    else:
        cabin = vary((236, 236, 232), rng)
        b.box(cabin, 0.3, 0.5, 0.7, 0.74)
        b.box((60, 90, 120), 0.36, 0.56, 0.44, 0.64)
        b.box((60, 90, 120), 0.52, 0.56, 0.6, 0.64)
        b.box(any_paint(rng), 0.56, 0.28, 0.66, 0.5)


def _lighthouse(b: Brush, rng: Generator) -> None:
    wall = vary((240, 238, 232), rng, 0.06)
    stripe = vary((200, 50, 46), rng) if rng.uniform() < 0.7 else any_paint(rng)
    b.poly(wall, (0.32, 1), (0.4, 0.26), (0.6, 0.26), (0.68, 1))
    for y in (0.36, 0.6, 0.84):
        b.box(stripe, 0.36 - y * 0.05, y, 0.64 + y * 0.05, y + 0.11)
    b.box((60, 60, 66), 0.36, 0.22, 0.64, 0.27)
    b.box((250, 226, 130), 0.42, 0.12, 0.58, 0.22)
    b.poly(stripe, (0.38, 0.12), (0.5, 0.02), (0.62, 0.12))


def _umbrella(b: Brush, rng: Generator) -> None:
    one, two = any_paint(rng), any_paint(rng)
    b.line((110, 84, 60), 0.06, (0.5, 0.1), (0.5, 1))
    b.poly(one, (0.02, 0.5), (0.16, 0.2), (0.5, 0.06), (0.84, 0.2), (0.98, 0.5))
    b.poly(two, (0.34, 0.5), (0.42, 0.1), (0.5, 0.06), (0.58, 0.1), (0.66, 0.5))


def _person(b: Brush, rng: Generator) -> None:
    skin = shade(vary((226, 178, 140), rng), rng.uniform(0.4, 1.05))
    shirt, trousers = any_paint(rng), shade(any_paint(rng), 0.6)
    stride, swing = rng.uniform(0.02, 0.14), rng.uniform(-0.1, 0.16)
    b.line(trousers, 0.12, (0.5, 0.6), (0.5 - stride, 1.0))
    b.line(trousers, 0.12, (0.5, 0.6), (0.5 + stride, 1.0))
    b.line(shirt, 0.1, (0.5, 0.32), (0.3 - swing / 2, 0.58))
    b.line(shirt, 0.1, (0.5, 0.32), (0.7, 0.58 - swing))
    b.box(shirt, 0.38, 0.26, 0.62, 0.64)
    b.oval(skin, 0.5, 0.14, 0.12, 0.14)


def _house(b: Brush, rng: Generator) -> None:
    wall, roof = vary((214, 192, 164), rng, 0.2), vary((158, 74, 54), rng, 0.2)
    glass = (246, 214, 120) if rng.uniform() < 0.4 else (120, 158, 186)
    b.box(wall, 0.1, 0.46, 0.9, 1)
    b.poly(roof, (0.0, 0.48), (0.5, 0.08), (1.0, 0.48))
    b.box(shade(roof, 0.7), 0.42, 0.68, 0.58, 1)
    for x in (0.18, 0.68):
        b.box(glass, x, 0.58, x + 0.15, 0.75)


def _tree(b: Brush, rng: Generator) -> None:
    leaf = vary((58, 122, 54), rng, 0.16)
    b.box(vary((104, 72, 46), rng), 0.44, 0.6, 0.56, 1)
    if rng.uniform() < 0.5:
        for y, half in ((0.72, 0.38), (0.5, 0.3), (0.3, 0.2)):
            b.poly(leaf, (0.5 - half, y), (0.5, y - 0.32), (0.5 + half, y))
    else:
        for x, y, r in ((0.5, 0.28, 0.27), (0.3, 0.45, 0.22), (0.7, 0.45, 0.22)):
            b.oval(shade(leaf, rng.uniform(0.85, 1.1)), x, y, r, r)


def _flower(b: Brush, rng: Generator) -> None:
    petal = any_paint(rng)
    b.line((60, 130, 56), 0.08, (0.5, 0.4), (0.46, 1))
    b.poly((60, 130, 56), (0.48, 0.84), (0.78, 0.64), (0.62, 0.9))
    for x, y in _around(0.5, 0.34, (0.21,), int(rng.integers(5, 8))):
        b.oval(petal, x, y, 0.13, 0.13)
    b.oval((248, 214, 80), 0.5, 0.34, 0.12, 0.12)


def _car(b: Brush, rng: Generator) -> None:
    paint = any_paint(rng)
    b.poly(paint, (0.18, 0.62), (0.32, 0.4), (0.68, 0.4), (0.84, 0.62))
    b.poly((176, 206, 224), (0.25, 0.61), (0.35, 0.44), (0.65, 0.44), (0.76, 0.61))
    b.box(paint, 0.02, 0.6, 0.98, 0.84)
    b.box(paint, 0.48, 0.42, 0.52, 0.62)
    for x in (0.24, 0.76):
        b.oval((32, 32, 36), x, 0.85, 0.12, 0.12)
        b.oval((150, 150, 154), x, 0.85, 0.05, 0.05)


def _street_lamp(b: Brush, rng: Generator) -> None:
    pole = vary((70, 72, 78), rng, 0.1)
    light = (252, 232, 150) if rng.uniform() < 0.5 else (216, 218, 210)
    b.line(pole, 0.07, (0.42, 1), (0.42, 0.12), (0.68, 0.08))
    b.box(pole, 0.34, 0.9, 0.5, 1)
    b.oval(light, 0.68, 0.15, 0.16, 0.09)


def _bicycle(b: Brush, rng: Generator) -> None:
    frame = any_paint(rng)
    for x in (0.24, 0.76):
        b.ring((36, 36, 40), x, 0.78, 0.21, 0.065)
    triangle = ((0.24, 0.78), (0.4, 0.48), (0.68, 0.48), (0.48, 0.78), (0.24, 0.78))
    b.line(frame, 0.075, *triangle)
    b.line(frame, 0.075, (0.76, 0.78), (0.66, 0.38), (0.78, 0.34))
    b.line((40, 40, 40), 0.07, (0.48, 0.78), (0.38, 0.42))
    b.line((40, 40, 40), 0.08, (0.28, 0.41), (0.48, 0.41))


def _sheep(b: Brush, rng: Generator) -> None:
    wool = vary((236, 232, 220), rng, 0.06)
    dark = vary((62, 54, 50), rng, 0.1)
    for x in (0.28, 0.4, 0.6, 0.7):
        b.box(dark, x, 0.7, x + 0.06, 1)
    for x, y in ((0.28, 0.55), (0.45, 0.45), (0.62, 0.5), (0.5, 0.62), (0.35, 0.62)):
        b.oval(wool, x, y, 0.2, 0.19)
    b.oval(dark, 0.86, 0.46, 0.12, 0.11)


DRAWERS: dict[str, Callable[[Brush, Generator], None]] = {
    'sun': _sun,
    'moon': _moon,
    'star': _star,
    'cloud': _cloud,
    'bird': _bird,
    'airplane': _airplane,
    'kite': _kite,
    'mountain': _mountain,
    'boat': _boat,
    'lighthouse': _lighthouse,
    'umbrella': _umbrella,
    'person': _person,
    'house': _house,
    'tree': _tree,
    'flower': _flower,
    'car': _car,
    'street lamp': _street_lamp,
    'bicycle': _bicycle,
    'sheep': _sheep,
}


def draw_thing(name: str, rng: Generator) -> Image.Image:
    """Return one ``name`` on a transparent tile of ``brush.TILE`` pixels a side.

    Args:
        name: A key of ``DRAWERS``.
        rng: Source of randomness: colours, shape, parts.
    """
    brush = Brush()
    DRAWERS[name](brush, rng)
    return brush.image
