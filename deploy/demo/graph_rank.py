"""Page rank over a random graph that grows by preferential attachment, in plain Python.

Event: {"size": vertices}. Memory: linear in the number of vertices, each of which has `EDGES` links.
"""

import random

from actionserver import integer, serve

EDGES = 8
ROUNDS = 3
DAMPING = 0.85


def grow(size):
    """Links of every vertex: it points at vertices that have many links already."""
    dice = random.Random(size)
    links = [[]]
    ends = [0]  # every vertex once for each link that it has, so that a plain choice prefers the well-linked
    for vertex in range(1, size):
        chosen = [ends[int(dice.random() * len(ends))] for _ in range(min(EDGES, vertex))]
        links.append(chosen)
        ends.extend(chosen)
        ends.append(vertex)
    return links


def rank(links):
    size = len(links)
    ranks = [1 / size] * size
    for _ in range(ROUNDS):
        following = [(1 - DAMPING) / size] * size
        for vertex, targets in enumerate(links):
            if targets:
                share = DAMPING * ranks[vertex] / len(targets)
                for target in targets:
                    following[target] += share
        ranks = following
    return ranks


def main(event):
    size = integer(event, "size", low=1, high=1_000_000)
    ranks = rank(grow(size))
    best = max(range(size), key=ranks.__getitem__)
    return {"size": size, "best": best, "rank": ranks[best]}


if __name__ == "__main__":
    serve(main)
