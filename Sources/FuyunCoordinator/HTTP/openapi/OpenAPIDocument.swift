/// The API, for programs: served at `/openapi.json`, and held against the server by Tests/coordinator/contract.
enum OpenAPIDocument {
    static let text = "{}"
}
