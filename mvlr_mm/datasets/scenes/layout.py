"""What can be seen where: which things a scene holds, and how large they are."""

from dataclasses import dataclass

from numpy.random import Generator

# The order is the order of the category ids.
CLASSES = (
    'sun', 'moon', 'star', 'cloud', 'bird', 'airplane', 'kite', 'mountain', 'sea',
    'boat', 'lighthouse', 'umbrella', 'person', 'house', 'tree', 'flower', 'car',
    'street lamp', 'bicycle', 'sheep',
)  # fmt: skip

SETTINGS = {'coast': 0.36, 'town': 0.34, 'meadow': 0.3}
TIMES = {'day': 0.55, 'dusk': 0.15, 'night': 0.3}

# How likely a thing is there at all.
ON_GROUND = {
    'coast': {
        'mountain': 0.3, 'sea': 1.0, 'boat': 0.65, 'lighthouse': 0.35, 'umbrella': 0.35,
        'person': 0.4, 'house': 0.15, 'tree': 0.15, 'flower': 0.05, 'car': 0.06,
        'street lamp': 0.15, 'bicycle': 0.1,
    },
    'town': {
        'mountain': 0.12, 'umbrella': 0.2, 'person': 0.45, 'house': 0.7, 'tree': 0.35,
        'flower': 0.15, 'car': 0.6, 'street lamp': 0.55, 'bicycle': 0.4,
    },
    'meadow': {
        'mountain': 0.45, 'umbrella': 0.08, 'person': 0.25, 'house': 0.3, 'tree': 0.55,
        'flower': 0.5, 'car': 0.1, 'street lamp': 0.05, 'bicycle': 0.15, 'sheep': 0.55,
    },
}  # fmt: skip
IN_SKY = {
    'day': {'sun': 0.5, 'cloud': 0.45, 'bird': 0.35, 'airplane': 0.2, 'kite': 0.22},
    'dusk': {'sun': 0.4, 'moon': 0.4, 'star': 0.2, 'cloud': 0.35, 'bird': 0.3},
    'night': {'moon': 0.6, 'star': 0.65, 'cloud': 0.25, 'airplane': 0.12},
}
# Of these pairs only one is ever in the sky.
EXCLUDES = (('sun', 'moon'), ('sun', 'star'))

# Smallest and largest side in parts of the picture's side, and the most of a kind.
# On the ground this is the size in the foreground.
SIZES = {
    'sun': (0.1, 0.22, 1), 'moon': (0.09, 0.2, 1), 'star': (0.05, 0.09, 4),
    'cloud': (0.18, 0.42, 2), 'bird': (0.07, 0.15, 3), 'airplane': (0.12, 0.26, 1),
    'kite': (0.12, 0.22, 1), 'mountain': (0.3, 0.6, 2), 'boat': (0.22, 0.42, 2),
    'lighthouse': (0.45, 0.65, 1), 'umbrella': (0.22, 0.38, 2),
    'person': (0.2, 0.36, 3), 'house': (0.32, 0.55, 2),
    'tree': (0.3, 0.6, 3), 'flower': (0.12, 0.22, 4),
    'car': (0.24, 0.42, 2), 'street lamp': (0.4, 0.65, 2), 'bicycle': (0.2, 0.34, 2),
    'sheep': (0.18, 0.32, 3),
}  # fmt: skip
SKY_THINGS = frozenset(IN_SKY['day']) | frozenset(IN_SKY['night'])
FEWEST = 2  # kinds of things in a scene
FARTHEST = 0.4  # how much of its foreground size a thing keeps at the horizon


@dataclass(frozen=True)
class Place:
    """Where one thing stands; lengths are in parts of the picture's side.

    Attributes:
        name: The label.
        x: Middle of the thing.
        foot: Lower edge of the thing; the larger, the nearer.
        side: Width and height of its tile.
        haze: How far the air veils it, 0 (near) to 1.
    """

    name: str
    x: float
    foot: float
    side: float
    haze: float = 0.0


@dataclass(frozen=True)
class Layout:
    """A scene before it is painted.

    Attributes:
        setting: A key of ``SETTINGS``.
        time: A key of ``TIMES``.
        horizon: Height of the horizon, counted from the top.
        shore: Where the sea ends; equals ``horizon`` where there is none.
        places: The things, from the farthest to the nearest.
    """

    setting: str
    time: str
    horizon: float
    shore: float
    places: tuple[Place, ...]


def make_layout(rng: Generator) -> Layout:
    """Draw lots for one scene.

    Boats are only where the sea is, and ``EXCLUDES`` holds in every scene.

    Args:
        rng: Source of randomness.
    """
    setting, time = _pick(SETTINGS, rng), _pick(TIMES, rng)
    names = [n for n, p in IN_SKY[time].items() if rng.uniform() < p]
    on_ground = ON_GROUND[setting]
    names += [n for n, p in on_ground.items() if rng.uniform() < p]
    if len(names) < FEWEST:
        names += rng.choice(sorted(on_ground), FEWEST, replace=False).tolist()
    names = list(dict.fromkeys(names))
    for pair in EXCLUDES:
        if set(pair) <= set(names):
            names.remove(pair[rng.integers(2)])
    horizon = shore = rng.uniform(0.32, 0.58)
    if 'sea' in names:
        shore = horizon + (1 - horizon) * rng.uniform(0.15, 0.75)
    places = [
        _place(name, horizon, shore, rng)
        for name in names
        if name != 'sea'
        for _ in range(rng.integers(1, SIZES[name][2] + 1))
    ]
    places.sort(key=lambda place: place.foot)
    return Layout(setting, time, horizon, shore, tuple(places))


def _place(name: str, horizon: float, shore: float, rng: Generator) -> Place:
    small, large, _ = SIZES[name]
    x, side = rng.uniform(0.03, 0.97), rng.uniform(small, large)
    if name in SKY_THINGS:
        return Place(
            name, x, rng.uniform(side * 0.7, horizon), side, rng.uniform(0, 0.3)
        )
    if name == 'mountain':
        return Place(name, x, horizon + 0.02, side, rng.uniform(0, 0.5))
    near, far = (shore, horizon) if name == 'boat' else (1.05, shore)
    depth = rng.uniform(0.1, 1)  # 1 is nearest
    foot = far + depth * (near - far)
    scale = FARTHEST + (1 - FARTHEST) * (foot - horizon) / (1 - horizon)
    return Place(name, x, foot, side * scale, rng.uniform(0, 0.35) * (1 - scale))


def _pick(chances: dict[str, float], rng: Generator) -> str:
    return str(rng.choice(list(chances), p=list(chances.values())))
