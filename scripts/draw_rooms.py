"""Draw the rooms of the package and who imports whom, from the imports themselves.

    python scripts/draw_rooms.py            # writes docs/rooms.svg
    python scripts/draw_rooms.py --check    # is it current?

An arrow runs from a room to one that it imports, also where only types are checked. One that a way
over other rooms shows already is left out. The same imports give the same picture.
"""

from __future__ import annotations

import argparse
import sys
from html import escape
from pathlib import Path

import grimp

PICTURE = Path(__file__).parents[1] / "docs" / "rooms.svg"
PACKAGE = "belbiotech"
HALVES = ("dataset", "survival")  # of which each room is drawn by itself
WIDTH, HEIGHT, GAP, FLOOR = 118, 40, 18, 84  # of a box, between boxes, and of a floor
MARGIN, BETWEEN = 24, 64  # around all, and between the three columns
COLOURS = {"dataset": "#dcebf7", "": "#eeeeee", "survival": "#e4f1dc"}

Imports = dict[str, set[str]]


def room_of(module: str) -> str:
    """Name the room of a module: ``survival.cox`` of ``belbiotech.survival.cox.fit``."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2] if parts and parts[0] in HALVES else parts[:1])


def read_rooms() -> Imports:
    """Give the rooms that each room imports."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    modules = {module: room_of(module) for module in sorted(graph.modules)}
    rooms = sorted(set(modules.values()) - {"", *HALVES})
    imports: Imports = {room: set() for room in rooms}
    for module, room in modules.items():
        others = {room_of(name) for name in graph.find_modules_directly_imported_by(module)}
        if room in imports:
            imports[room] |= (others & set(rooms)) - {room}
    return imports


def reach(imports: Imports, room: str) -> set[str]:
    """Give all rooms that a room imports, itself or over others."""
    found: set[str] = set()
    todo = set(imports[room])
    while todo:
        found |= todo
        todo = {far for near in todo for far in imports[near]} - found
    return found


def floors(imports: Imports) -> dict[str, int]:
    """Give each room its floor: one above the highest of those that it imports."""
    floor: dict[str, int] = {}
    while len(floor) < len(imports):
        ready = [room for room in imports if room not in floor and imports[room] <= set(floor)]
        if not ready:
            circle = sorted(set(imports) - set(floor))
            message = f"no floors: among {', '.join(circle)} rooms import each other"
            raise SystemExit(message)
        for room in ready:
            floor[room] = 1 + max((floor[other] for other in imports[room]), default=-1)
    return floor


def places(floor: dict[str, int]) -> tuple[dict[str, tuple[int, int]], int]:
    """Place each room's box by its left upper corner, and tell how wide the picture is."""
    place: dict[str, tuple[int, int]] = {}
    left, top = MARGIN, max(floor.values())
    for column in ("dataset", "", "survival"):
        by_floor: dict[int, list[str]] = {}
        for room in sorted(floor):
            if (room.partition(".")[0] if "." in room else "") == column:
                by_floor.setdefault(floor[room], []).append(room)
        widest = max(len(rooms) for rooms in by_floor.values()) * (WIDTH + GAP) - GAP
        for level, rooms in by_floor.items():
            first = left + (widest - len(rooms) * (WIDTH + GAP) + GAP) // 2
            for k, room in enumerate(rooms):
                place[room] = (first + k * (WIDTH + GAP), MARGIN + (top - level) * FLOOR)
        left += widest + BETWEEN
    return place, left - BETWEEN + MARGIN


def draw(imports: Imports) -> str:
    """Draw rooms and arrows as SVG."""
    floor = floors(imports)
    place, width = places(floor)
    height = MARGIN * 2 + max(floor.values()) * FLOOR + HEIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" text-anchor="middle">',
        "<title>Rooms of belbiotech: an arrow runs from a room to one that it imports</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#666"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    lines += [_arrow(place, one, other) for one, other in arrows(imports)]
    lines += [_box(room, *place[room]) for room in sorted(imports)]
    return "\n".join([*lines, "</svg>"]) + "\n"


def arrows(imports: Imports) -> list[tuple[str, str]]:
    """Give the imports that no way over other rooms shows."""
    over = {
        room: {far for near in imports[room] for far in reach(imports, near)} for room in imports
    }
    return [
        (room, other) for room in sorted(imports) for other in sorted(imports[room] - over[room])
    ]


def _arrow(place: dict[str, tuple[int, int]], one: str, other: str) -> str:
    (x, y), (to_x, to_y) = place[one], place[other]
    half = WIDTH // 2
    return (
        f'<line x1="{x + half}" y1="{y + HEIGHT}" x2="{to_x + half}" y2="{to_y}" '
        f'stroke="#666" marker-end="url(#tip)"><title>{one} imports {other}</title></line>'
    )


def _box(room: str, x: int, y: int) -> str:
    half, _, name = room.rpartition(".")
    middle = x + WIDTH // 2
    return (
        f'<g><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" '
        f'fill="{COLOURS[half]}" stroke="#444"/>'
        f'<text x="{middle}" y="{y + (17 if half else 24)}" font-size="13" '
        f'font-weight="bold">{escape(name)}</text>'
        f'<text x="{middle}" y="{y + 32}" font-size="10" fill="#444">{half}</text></g>'
    )


def main() -> None:
    """Write the picture, or tell whether the one that is there is current."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it is old")
    check = parser.parse_args().check
    picture = draw(read_rooms())
    if not check:
        PICTURE.write_text(picture, "utf-8")
        print(f"{PICTURE} written")
    elif not PICTURE.is_file() or PICTURE.read_text("utf-8") != picture:
        sys.exit(f"{PICTURE} is not what the imports give; make rooms draws it anew")


if __name__ == "__main__":
    main()
