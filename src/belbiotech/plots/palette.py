"""Colours and names of a figure's groups, as the user wants them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeAlias

from belbiotech.errors import BelbiotechError, a_type_of
from belbiotech.plots.look import COLOURS

__all__ = ["Palette", "colours_of", "one_colour", "shown_names"]

Palette: TypeAlias = str | Sequence[str] | Mapping[Any, str] | None
"""Colours of a figure: a list, a colour of each group, the name of a colormap; None for ours."""

DARKEST = 0.85  # of a colormap: what is beyond is too light on white


def shown_names(
    names: Sequence[Hashable], labels: Mapping[Any, str] | None = None
) -> dict[Hashable, str]:
    """Give each group the text that stands for it.

    Parameters
    ----------
    names : sequence
        The groups.
    labels : mapping of group to str, optional
        Texts of some of them, by the group or by its text.

    Returns
    -------
    dict of group to str
        In the order of the names.

    Raises
    ------
    BelbiotechError
        Labels that are no mapping.

    Examples
    --------
    >>> shown_names([0, 1], {0: "no", "1": "yes"})
    {0: 'no', 1: 'yes'}
    """
    if labels is not None and not isinstance(labels, Mapping):
        msg = f"labels is a mapping such as {{'BE-VLG': 'Flanders'}}, not {a_type_of(labels)}"
        raise BelbiotechError(msg)
    known = {str(name): str(text) for name, text in (labels or {}).items()}
    return {name: known.get(str(name), str(name)) for name in names}


def colours_of(palette: Palette, names: Sequence[Hashable]) -> list[str]:
    """Give each group its colour.

    Parameters
    ----------
    palette : str, sequence or mapping, optional
        A list of colours, taken round and round; the colour of each group (others keep the
        usual one); the name of a matplotlib colormap, or of a single colour for all.
    names : sequence
        The groups.

    Returns
    -------
    list of str
        A colour for each.

    Raises
    ------
    BelbiotechError
        What matplotlib knows no colour of.

    Examples
    --------
    >>> colours_of(["red", "#00f"], "abc"), colours_of({"b": "black"}, "ab")
    (['red', '#00f', 'red'], ['#0072B2', 'black'])
    """
    usual = [COLOURS[k % len(COLOURS)] for k in range(len(names))]
    if palette is None:
        return usual
    if isinstance(palette, str):
        return _of_name(palette, len(names))
    if isinstance(palette, Mapping):
        given = {str(name): colour for name, colour in palette.items()}
        _check(list(given.values()))
        return [given.get(str(name), own) for name, own in zip(names, usual, strict=True)]
    if not isinstance(palette, Sequence) or not len(palette):
        msg = "palette is a list of colours, a colour of each group, or a colormap's name"
        raise BelbiotechError(msg)
    _check(palette)
    return [palette[k % len(palette)] for k in range(len(names))]


def one_colour(palette: Palette) -> str:
    """Give the colour of a figure that has one."""
    return colours_of(palette, [""])[0]


def _of_name(name: str, number: int) -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import is_color_like, to_hex

    if is_color_like(name) and (number == 1 or name not in colormaps):
        return [name] * number
    if name not in colormaps:
        msg = (
            f"palette {name!r} is neither a colour nor a colormap of matplotlib, such as 'viridis'"
        )
        raise BelbiotechError(msg)
    chosen = colormaps[name]
    if chosen.N <= 20:  # made of colours that differ
        return [to_hex(chosen(k % chosen.N)) for k in range(number)]
    return [to_hex(chosen(DARKEST * k / max(number - 1, 1))) for k in range(number)]


def _check(colours: Sequence[Any]) -> None:
    from matplotlib.colors import is_color_like

    unknown = [colour for colour in colours if not is_color_like(colour)]
    if unknown:
        msg = f"palette: {unknown[0]!r} is no colour that matplotlib knows, such as '#0072B2'"
        raise BelbiotechError(msg)
