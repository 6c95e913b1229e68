# SPDX-License-Identifier: Apache-2.0
"""plot - a line over logarithmic axes as SVG, readable on light pages and dark ones."""
import math

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 72, 40, 48, 48
STYLE = ("text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-size:15px;font-weight:600}"
         ".grid{stroke:#8c959f;stroke-opacity:.35}.line{stroke:#0969da;stroke-width:2.5;fill:none}"
         ".point{fill:#0969da}"
         "@media(prefers-color-scheme:dark){text{fill:#adbac7}.line{stroke:#58a6ff}"
         ".point{fill:#58a6ff}}")


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def short(value):
    """12345 -> 12.3k, 0.5 -> 0.5"""
    return f"{value / 1000:.3g}k" if value >= 1000 else f"{value:.3g}"


def decades(low, high):
    """The powers of ten around all values: at least one decade."""
    first = math.floor(math.log10(low))
    last = max(first + 1, math.ceil(math.log10(high)))
    return [10.0 ** power for power in range(first, last + 1)]


def scale(low, high, start, end):
    """A function from values to places on the picture."""
    bottom, top = math.log10(low), math.log10(high)
    return lambda value: start + (math.log10(value) - bottom) / (top - bottom) * (end - start)


def text(x, y, words, anchor="middle", kind=""):
    name = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{name}>{escaped(words)}</text>'


def svg(curve):
    points = [(at, max(value, 1e-3)) for at, value in curve["points"]]
    marks = decades(min(y for _, y in points), max(y for _, y in points))
    place_x = scale(points[0][0], points[-1][0], LEFT, WIDTH - RIGHT)
    place_y = scale(marks[0], marks[-1], HEIGHT - BOTTOM, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
             f"<title>{escaped(curve['what'])}, {escaped(curve['unit'])}</title>",
             f"<style>{STYLE}</style>",
             text(LEFT, 22, f"{curve['what']}, {curve['unit']}", "start", "title")]
    for mark in marks:
        y = place_y(mark)
        parts += [f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>',
                  text(LEFT - 8, y + 4, short(mark), "end")]
    for at, value in points:
        parts += [f'<circle class="point" cx="{place_x(at):.1f}" cy="{place_y(value):.1f}" r="4"/>',
                  text(place_x(at), place_y(value) - 10, short(value)),
                  text(place_x(at), HEIGHT - BOTTOM + 18, short(at))]
    line = " ".join(f"{place_x(at):.1f},{place_y(value):.1f}" for at, value in points)
    parts += [f'<polyline class="line" points="{line}"/>',
              text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, curve["x"]), "</svg>"]
    return "\n".join(parts) + "\n"
