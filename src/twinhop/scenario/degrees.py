"""Angles as registers of licences write them: degrees, minutes and seconds, with the letter of the hemisphere."""

from __future__ import annotations

import re

DECIMALS = 10
"""Angles are rounded to a hundredth of a millimetre, since seconds are no binary fractions."""
LONGEST_ANGLE = 40
"""Characters of an angle."""

_PACKED = re.compile(r"(\d{1,3})([NSEW])(\d\d)(\d\d(?:[.,]\d+)?)", re.IGNORECASE)
"""As the ITU and the Bundesnetzagentur write them: `013E2436`."""
_MARK = "[°º'′’\"″”\\s-]"
_PARTS = re.compile(
    rf"([NSEW]?)\s*([-+\u2212]?)\s*(\d{{1,3}})(?:{_MARK}+(\d\d?))?(?:{_MARK}+(\d\d?))?([.,]\d+)?{_MARK}*([NSEW]?)",
    re.IGNORECASE,
)


def degrees_of(text: str, hemispheres: str) -> float | None:
    r"""The angle that a text such as ``52°31'12" N`` is [degree]; None where it is none of this axis.

    Without a letter or the sign of degrees it is none: `52 31 12` may be anything. `O` is none either, since it is east
    in German and west in French.

    Args:
        text: the cell.
        hemispheres: the letters of the axis, ``NS`` or ``EW``.

    >>> degrees_of("52°31'12\" N", "NS"), degrees_of("013E2436", "EW"), degrees_of("48 30.5 S", "NS")
    (52.52, 13.41, -48.5083333333)
    >>> degrees_of("52 31 12", "NS"), degrees_of("13° E", "NS"), degrees_of("52°75'", "NS")
    (None, None, None)
    """
    text = text.strip()
    packed = _PACKED.fullmatch(text) if len(text) <= LONGEST_ANGLE else None
    if packed is not None:
        return _angle("", packed[2], [packed[1], packed[3], packed[4]], hemispheres)
    match = _PARTS.fullmatch(text) if len(text) <= LONGEST_ANGLE else None
    if match is None:
        return None
    before, minus, degrees, minutes, seconds, fraction, after = match.groups(default="")
    parts = [part for part in (degrees, minutes, seconds) if part]
    parts[-1] += fraction
    if (before and after) or not (before or after or "°" in text or "º" in text):
        return None
    return _angle(minus, before or after, parts, hemispheres)


def _angle(minus: str, letter: str, parts: list[str], hemispheres: str) -> float | None:
    if letter and (letter.upper() not in hemispheres or minus):
        return None
    degrees, minutes, seconds = (*(float(part.replace(",", ".")) for part in parts), 0.0, 0.0)[:3]
    if minutes >= 60 or seconds >= 60:
        return None
    is_negative = minus in ("-", "\N{MINUS SIGN}") if minus else letter.upper() in ("S", "W")
    size = round(degrees + minutes / 60 + seconds / 3600, DECIMALS)
    return -size if is_negative else size
