/// Why a store did not do what it was asked.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The function or version is not there.
        case notFound = "not_found"
        /// What is asked for contradicts what is there.
        case conflict
        /// A value that the store does not take.
        case invalid
        /// The disk is full.
        case full
        /// The files may not be written.
        case readOnly = "read_only"
        /// The files are damaged.
        case corrupt
        /// Someone else held the store for too long.
        case busy
        /// The store was closed.
        case closed
        /// Anything else; `message` says what.
        case failed
    }

    /// What kind of failure it is.
    public var code: Code
    /// What happened, to which thing, and what to do.
    public var message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// One line.
    public var description: String { "\(code.rawValue): \(message)" }
}
