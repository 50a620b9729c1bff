import Glibc

/// Why an exchange with systemd failed: what was tried, what the system said, and what an operator can do about it.
public struct SystemdError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is; match on this.
    public enum Code: Hashable, Sendable {
        /// Nobody answers there: no system bus, or no systemd behind it.
        case unavailable
        /// Too many requests wait already; this one was not sent.
        case overloaded
        /// No answer came before the deadline. Whether the request took effect is not known.
        case timedOut
        /// systemd does not know a unit of that name.
        case unknownUnit
        /// The process may not do this.
        case denied
        /// The request was answered by an error of another kind.
        case refused
        /// What was handed in (environment, descriptors, an answer) is not what was expected.
        case malformed
        /// Any other error of the operating system.
        case system
    }

    /// What kind of failure it is.
    public var code: Code
    /// What was tried and on what: `open the system bus`, `take socket "function"`.
    public var operation: String
    /// What was expected and what was found, or the words of the answer; empty when errno says it all.
    public var detail: String
    /// The operating system's error number, where there was one.
    public var errno: CInt?
    /// What to do about it; empty when there is nothing general to say.
    public var advice: String

    /// Makes an error.
    public init(code: Code, operation: String, detail: String = "", errno: CInt? = nil, advice: String = "") {
        self.code = code
        self.operation = operation
        self.detail = detail
        self.errno = errno
        self.advice = advice
    }

    /// Makes an error from the result of a libsystemd function, which is a negative errno; chooses the code.
    init(operation: String, result: CInt, advice: String = "") {
        let number = result < 0 ? -result : result
        let code: Code =
            switch number {
            case EACCES, EPERM: .denied
            case ETIMEDOUT: .timedOut
            case ENOENT, ECONNREFUSED, ECONNRESET, ENOTCONN, EPIPE: .unavailable
            case EBADMSG, EINVAL, ENXIO: .malformed
            default: .system
            }
        self.init(code: code, operation: operation, errno: number, advice: advice)
    }

    /// One line: what was tried, what went wrong, what to do.
    public var description: String {
        var parts = [operation]
        if !detail.isEmpty { parts.append(detail) }
        if let errno { parts.append(errorText(errno)) }
        if detail.isEmpty, errno == nil { parts.append("\(code)") }
        let text = parts.joined(separator: ": ")
        return advice.isEmpty ? text : "\(text) (\(advice))"
    }
}

/// The C library's words for an error number.
func errorText(_ number: CInt) -> String {
    // Safe on any thread: glibc answers with constant strings, and since 2.32 with thread-local ones for unknown
    // numbers.
    strerror(number).map { String(cString: $0) } ?? "errno \(number)"
}
