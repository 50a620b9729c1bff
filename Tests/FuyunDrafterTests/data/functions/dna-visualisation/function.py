"""Turns a DNA sequence into the coordinates of a two-dimensional walk, as JSON for a plot."""

import json

from squiggle import transform


def main(event):
    sequence = event["sequence"]
    # Two lists of Python floats, x and y, with two points for each base.
    x, y = transform(sequence)
    plot = json.dumps([x, y] if not hasattr(x, "tolist") else [x.tolist(), y.tolist()])
    return {"name": event["name"], "bases": len(sequence), "plot": plot}
