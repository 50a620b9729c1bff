/// What is wrong with a trace, and where.
public struct TraceError: Error, Hashable, CustomStringConvertible {
    /// The file.
    public var path: String
    /// The line, from 1; nil when it is not about one.
    public var line: Int?
    /// The field in that line, from 1; nil when it is not about one.
    public var column: Int?
    /// What is wrong, what was expected and what to do.
    public var problem: String

    /// Makes an error.
    public init(path: String, line: Int? = nil, column: Int? = nil, _ problem: String) {
        self.path = path
        self.line = line
        self.column = column
        self.problem = problem
    }

    /// `trace.csv:17:3: …`.
    public var description: String {
        let place = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
        return "\(path)\(place): \(problem)"
    }
}
