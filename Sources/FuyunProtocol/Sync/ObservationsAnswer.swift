public import NIOCore

/// The answer to `POST /v1/nodes/{node}/observations`: 200, once everything is on the coordinator's disk.
public struct ObservationsAnswer: Hashable, Sendable {
    /// Shares of unremarkable observations that the node shall send, 0 to 1.
    public struct Sampling: Hashable, Sendable {
        /// For functions that are not named.
        public var standard: Double
        /// By function.
        public var functions: [String: Double]

        /// Makes shares.
        public init(standard: Double = 1, functions: [String: Double] = [:]) {
            self.standard = standard
            self.functions = functions
        }

        /// The share of a function.
        public func share(of function: String) -> Double { functions[function] ?? standard }
    }

    /// The most functions that an answer names.
    public static let maximumFunctions = 100_000

    /// Observations stored now.
    public var stored: Int
    /// Observations that had been stored before.
    public var duplicates: Int
    /// What to send from now on.
    public var sampling: Sampling

    /// Makes an answer.
    public init(stored: Int, duplicates: Int, sampling: Sampling = Sampling()) {
        self.stored = stored
        self.duplicates = duplicates
        self.sampling = sampling
    }

    /// Appends the body of the answer; functions in the order of their names.
    public func write(into buffer: inout ByteBuffer) {
        buffer.writeJSON { json in
            json.beginObject()
            json.field("stored", stored)
            json.field("duplicates", duplicates)
            json.key("sampling")
            json.beginObject()
            json.field("default", sampling.standard)
            json.key("functions")
            json.beginObject()
            for (function, share) in sampling.functions.sorted(by: { $0.key < $1.key }) {
                json.key(named: function)
                json.value(share)
            }
            json.endObject()
            json.endObject()
            json.endObject()
        }
    }

    /// Reads the body of an answer.
    public init(parsing body: ByteBuffer) throws(JSONError) {
        self.init(stored: 0, duplicates: 0)
        try JSONReader.read(body) { json throws(JSONError) in
            try json.object(Keys.answer) { json, key throws(JSONError) in
                switch key {
                case .stored: stored = try json.integer(in: 0...Int.max)
                case .duplicates: duplicates = try json.integer(in: 0...Int.max)
                case .sampling: sampling = try Sampling(reading: &json)
                }
            }
        }
    }

    private enum Key: String, CaseIterable, Sendable { case stored, duplicates, sampling }
    private enum SamplingKey: String, CaseIterable, Sendable {
        case standard = "default"
        case functions
    }
    private enum Keys {
        static let answer = JSONWords<Key>(required: [.stored, .duplicates])
        static let sampling = JSONWords<SamplingKey>()
    }
}

extension ObservationsAnswer.Sampling {
    fileprivate init(reading json: inout JSONReader) throws(JSONError) {
        self.init()
        try json.object(ObservationsAnswer.Keys.sampling) { json, key throws(JSONError) in
            switch key {
            case .standard: standard = try json.number(in: 0...1)
            case .functions:
                try json.object { json, function throws(JSONError) in
                    guard functions.count < ObservationsAnswer.maximumFunctions else {
                        throw JSONError(
                            .outOfRange,
                            "at most \(ObservationsAnswer.maximumFunctions) functions",
                            at: json.offset
                        )
                    }
                    do throws(JSONError) {
                        functions[function] = try json.number(in: 0...1)
                    } catch {
                        throw error.inside(function)
                    }
                }
            }
        }
    }
}
