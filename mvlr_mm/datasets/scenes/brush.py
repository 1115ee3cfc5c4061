"""A small canvas to draw one thing on."""

from PIL import Image, ImageDraw

from .palette import RGB

TILE = 96  # pixels; larger than any drawn thing, so that resizing smooths the edges


class Brush:
    """Draws on a transparent tile in coordinates from 0 to 1, y downwards."""

    def __init__(self) -> None:
        self.image = Image.new('RGBA', (TILE, TILE))
        self._draw = ImageDraw.Draw(self.image)

    def poly(self, color: RGB, *points: tuple[float, float]) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * TILE, y * TILE) for x, y in points], fill=color)

    def box(self, color: RGB, x0: float, y0: float, x1: float, y1: float) -> None:
        """Fill a rectangle."""
        self._draw.rectangle([v * TILE for v in (x0, y0, x1, y1)], fill=color)

    def oval(self, color: RGB, x: float, y: float, rx: float, ry: float) -> None:
        """Fill an ellipse around (x, y)."""
        box = [v * TILE for v in (x - rx, y - ry, x + rx, y + ry)]
        self._draw.ellipse(box, fill=color)

    def ring(self, color: RGB, x: float, y: float, r: float, width: float) -> None:
        """Draw a circle's outline."""
        box = [v * TILE for v in (x - r, y - r, x + r, y + r)]
        self._draw.ellipse(box, outline=color, width=round(width * TILE))

    def line(self, color: RGB, width: float, *points: tuple[float, float]) -> None:
        """Draw connected lines."""
        scaled = [(x * TILE, y * TILE) for x, y in points]
        self._draw.line(scaled, fill=color, width=round(width * TILE), joint='curve')

    def erase(self, x: float, y: float, r: float) -> None:
        """Make a disc transparent again."""
        box = [v * TILE for v in (x - r, y - r, x + r, y + r)]
        self._draw.ellipse(box, fill=(0, 0, 0, 0))
