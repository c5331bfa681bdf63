"""Search for colours of lines that all readers can tell apart; prints them, and how far apart they are.

    python benchmarks/palette.py                              # how far apart those of the figures are
    python benchmarks/palette.py --colours 8 --seconds 60     # as far apart as can be
    python benchmarks/palette.py --near "#0b5a86,#dd7800"     # near colours that are wished, and far enough apart

It maximises the least CIEDE2000 difference between any two colours in normal sight and under protanopia, deuteranopia
and tritanopia (Machado, Oliveira and Fernandes 2009, severity 1), among colours of at least 3 to 1 on white (WCAG 2.2)
that are not so dark nor so grey that they are taken for the ink of bounds and the grey of frames.
A greedy choice from a grid is bettered by exchanges, then by small steps. Such colours are as far apart as can be, but
garish or muddy; those of the figures were found with ``--near``, by annealing: the least sum of the differences from
what is wished at which any two are 17.5 apart. The wish was
#0b5a86,#dd7800,#5f9a5a,#ba084a,#8060a0,#6b1706,#3598f6,#1f3bff with seed 1 (50 s).
"""

import argparse
import time

import numpy as np

from twinhop.output.kit.colours import POLICY_HUES

#: Linear RGB as is seen: normal, protanopia, deuteranopia, tritanopia.
SIGHTS = np.array(
    [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
)
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
LEAST_CONTRAST, MOST_CONTRAST, LEAST_CHROMA = 3.0, 12.0, 20.0
#: Of annealing: colours are far enough apart, the weight of what they lack of it, and the heat in the beginning.
ENOUGH, SHORT_WEIGHT, HEAT = 17.6, 60.0, 120.0


def linear(rgb):
    """(..., 3) sRGB of 0 to 255 as linear light of 0 to 1."""
    share = np.asarray(rgb, float) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(rgb):
    """The contrast on white."""
    return 1.05 / (linear(rgb) @ TO_XYZ[1] + 0.05)


def lab(light):
    """CIELAB of linear light, for D65."""
    ratio = light @ TO_XYZ.T / TO_XYZ.sum(axis=1)
    bent = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(bent, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def difference(one, other):
    """CIEDE2000 of CIELAB colours."""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    grey = 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    a1, a2 = (1 + grey) * a1, (1 + grey) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.arctan2(b1, a1) % (2 * np.pi), np.arctan2(b2, a2) % (2 * np.pi)
    turn = np.where(c1 * c2 == 0, 0, (h2 - h1 + np.pi) % (2 * np.pi) - np.pi)
    span = 2 * np.sqrt(c1 * c2) * np.sin(turn / 2)
    hue = np.where(c1 * c2 == 0, h1 + h2, h1 + turn / 2)
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = 1 - 0.17 * np.cos(hue - np.pi / 6) + 0.24 * np.cos(2 * hue) + 0.32 * np.cos(3 * hue + np.deg2rad(6))
    t = t - 0.20 * np.cos(4 * hue - np.deg2rad(63))
    weight_l = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    weight_c, weight_h = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    bend = np.deg2rad(30) * np.exp(-(((np.rad2deg(hue) % 360 - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(2 * bend)
    dl, dc, dh = (l2 - l1) / weight_l, (c2 - c1) / weight_c, span / weight_h
    return np.sqrt(np.maximum(dl**2 + dc**2 + dh**2 + rotation * dc * dh, 0))


def fits(rgb):
    """Whether colours are seen on white, and are neither ink nor grey."""
    on_white, (_, a, b) = contrast(rgb), np.moveaxis(lab(linear(rgb)), -1, 0)
    return (on_white >= LEAST_CONTRAST) & (on_white <= MOST_CONTRAST) & (np.hypot(a, b) >= LEAST_CHROMA)


def seen(rgb):
    """(S, N, 3) CIELAB of N colours in each sight."""
    return lab(np.clip(np.einsum("sij,nj->sni", SIGHTS, linear(rgb)), 0, 1))


def apart(rgb, others):
    """(N, K) the least difference over all sights."""
    one, other = seen(rgb), seen(others)
    return np.min([difference(a[:, None], b[None, :]) for a, b in zip(one, other, strict=True)], axis=0)


def least(rgb):
    """The least difference between any two."""
    return apart(rgb, rgb)[np.triu_indices(len(rgb), 1)].min()


def search(count, fixed, seconds, rng):
    """The best colours found in this time."""
    levels = np.arange(0, 256, 15)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3).astype(float)
    grid = grid[fits(grid)]
    table = np.concatenate([apart(part, grid) for part in np.array_split(grid, 20)])
    from_fixed = apart(grid, fixed).min(axis=1) if len(fixed) else np.full(len(grid), np.inf)
    best, best_least, started = None, -1.0, time.monotonic()
    while time.monotonic() - started < seconds:
        chosen = [int(rng.integers(len(grid)))]
        while len(chosen) < count - len(fixed):
            reach = np.minimum(table[:, chosen].min(axis=1), from_fixed)
            chosen.append(int(rng.choice(np.argsort(-reach)[:12])))
        chosen = _exchange(chosen, table, from_fixed, rng)
        colours = _steps(np.vstack([fixed, grid[chosen]]), len(fixed), rng)
        if least(colours) > best_least:
            best, best_least = colours, least(colours)
    return best


def _exchange(chosen, table, from_fixed, rng):
    """Exchange one colour for the farthest from all others until none betters the least difference."""
    while True:
        among = table[np.ix_(chosen, chosen)] + np.diag(np.full(len(chosen), np.inf))
        least_of = np.minimum(among.min(axis=1), from_fixed[chosen])
        for at in np.argsort(least_of):
            others = [each for place, each in enumerate(chosen) if place != at]
            reach = np.minimum(table[:, others].min(axis=1), from_fixed)
            if reach.max() > least_of[at] + 1e-9:
                chosen = [*others, int(reach.argmax())]
                break
        else:
            return chosen


def _steps(colours, fixed, rng, tries=400):
    """Small steps of single colours that keep the contrast and better the least difference."""
    value = least(colours)
    for size in np.geomspace(24, 2, tries):
        trial = colours.copy()
        at = int(rng.integers(fixed, len(colours)))
        trial[at] = np.clip(np.rint(trial[at] + rng.normal(0, size, 3)), 0, 255)
        if fits(trial[at]) and least(trial) > value:
            colours, value = trial, least(trial)
    return colours


def near(wished, seconds, rng):
    """Colours close to wished ones, of which any two are far enough apart."""
    target = lab(linear(wished))

    def energy(colours):
        if not fits(colours).all():
            return np.inf
        short = np.maximum(0, ENOUGH - apart(colours, colours)[np.triu_indices(len(colours), 1)])
        return SHORT_WEIGHT * np.sum(short**2) + np.sum(difference(lab(linear(colours)), target) ** 1.5)

    colours = wished.copy()
    while not fits(colours).all():
        colours[~fits(colours)] *= 0.97
    value = energy(colours)
    best, best_value, started = colours, value, time.monotonic()
    while (left := 1 - (time.monotonic() - started) / seconds) > 0:
        trial = colours.copy()
        at = int(rng.integers(len(colours)))
        trial[at] = np.clip(np.rint(trial[at] + rng.normal(0, 3 + 30 * left, 3)), 0, 255)
        trial_value = energy(trial)
        if trial_value < value or rng.random() < np.exp((value - trial_value) / (HEAT * left**2 + 0.05)):
            colours, value = trial, trial_value
        if value < best_value:
            best, best_value = colours, value
    return best


def to_rgb(text):
    """`#rrggbb` as three numbers."""
    return [int(text[at : at + 2], 16) for at in (1, 3, 5)]


def to_array(text):
    """(N, 3) of colours with commas between."""
    return np.array([to_rgb(each) for each in text.split(",") if each], float).reshape(-1, 3)


def main():
    """Search, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--colours", type=int, help="how many to search for")
    parser.add_argument("--fixed", default="", help="colours that are kept")
    parser.add_argument("--near", default="", help="colours that are wished")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    if options.near:
        colours = near(to_array(options.near), options.seconds, rng)
    elif options.colours:
        colours = search(options.colours, to_array(options.fixed), options.seconds, rng)
    else:
        colours = to_array(",".join(POLICY_HUES))
    print(f"least difference {least(colours):.2f}, least contrast on white {contrast(colours).min():.2f}")
    for colour in colours:
        print("#" + "".join(f"{int(part):02x}" for part in colour), f"contrast {contrast(colour):.2f}")


if __name__ == "__main__":
    main()
