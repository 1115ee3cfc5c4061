"""Colours of the scenes, and how a drawing varies them."""

import colorsys

from numpy.random import Generator

RGB = tuple[int, int, int]

# What a painter would mix for each time of day: top of the sky, horizon, light.
SKIES: dict[str, tuple[RGB, RGB, float]] = {
    'day': ((96, 160, 222), (206, 228, 240), 1.0),
    'dusk': ((92, 84, 140), (240, 168, 120), 0.78),
    'night': ((12, 16, 44), (46, 54, 92), 0.68),
}


def vary(color: RGB, rng: Generator, amount: float = 0.08) -> RGB:
    """Return a colour near ``color``: hue, saturation and value jitter a little.

    Args:
        color: Red, green, blue in 0 to 255.
        rng: Source of randomness.
        amount: Half width of the jitter of saturation and value; hue gets a third.
    """
    h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in color))
    h = (h + rng.uniform(-amount, amount) / 3) % 1
    s = min(max(s + rng.uniform(-amount, amount), 0), 1)
    v = min(max(v + rng.uniform(-amount, amount), 0), 1)
    return _to_bytes(colorsys.hsv_to_rgb(h, s, v))


def any_paint(rng: Generator) -> RGB:
    """Return a random clear colour, for things that come in any paint."""
    hue, saturation = rng.uniform(), rng.uniform(0.35, 0.95)
    return _to_bytes(colorsys.hsv_to_rgb(hue, saturation, rng.uniform(0.4, 1.0)))


def shade(color: RGB, factor: float) -> RGB:
    """Return ``color`` times ``factor``, clipped to what a byte holds."""
    return tuple(min(max(round(c * factor), 0), 255) for c in color)


def _to_bytes(color: tuple[float, float, float]) -> RGB:
    return tuple(round(c * 255) for c in color)
