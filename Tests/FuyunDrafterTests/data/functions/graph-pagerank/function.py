"""Ranks the vertices of a random graph. `size` is the number of vertices; without one, a thousand."""

import random
import time

import igraph


def handler(event):
    vertices = event.get("size", 1000)
    random.seed(event.get("seed"))
    start = time.monotonic()
    network = igraph.Graph.Barabasi(vertices, 10)  # ten edges for every vertex
    ranks = network.pagerank()
    return {"best": max(ranks), "seconds": time.monotonic() - start}
