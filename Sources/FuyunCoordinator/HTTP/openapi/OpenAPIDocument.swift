/// The API, for programs: OpenAPI 3.1, kept by hand.
///
/// It is served at `/openapi.json`, and Tests/coordinator/contract holds the server against it.
enum OpenAPIDocument {
    /// The document as JSON text.
    static let text = """
        {
        "openapi": "3.1.0",
        "info": {
          "title": "Fuyun coordinator", "version": "1",
          "description": "Observations of nodes go in, tuned policies come out. Moments are milliseconds since 1970, quantities bytes. A function's name is one path segment: / is written %2F.",
          "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        },
        "security": [{"token": []}],
        "tags": [
          {"name": "nodes", "description": "For agents; a node's token is good for that node."},
          {"name": "operators", "description": "For operators and their tools."},
          {"name": "house", "description": "How the coordinator is."}
        ],
        \(paths),
        \(components)
        }
        """
}
