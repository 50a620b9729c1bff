"""A random graph by preferential attachment, ten edges a vertex, and one walk over it."""

import igraph


def main(event):
    graph = igraph.Graph.Barabasi(int(event["size"]), 10)
    if event.get("op", "bfs") == "mst":
        tree = graph.spanning_tree(None, False)  # the edges' ids
        return {"edges": len(tree)}
    order, _, _ = graph.bfs(0)
    return {"first": order[:10]}
