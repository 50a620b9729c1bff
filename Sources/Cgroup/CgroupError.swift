public import SystemPackage

/// Why an operation on a cgroup's file failed.
///
/// It names the file, so that a log line is enough to act on.
public struct CgroupError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is; match on this.
    public enum Code: Hashable, Sendable {
        /// The file does not exist: this kernel or this cgroup does not have it.
        case absent
        /// The cgroup was removed while its files were open (ENODEV).
        case gone
        /// The process may not do this.
        case denied
        /// The file's contents are not what the kernel documents.
        case malformed
        /// The directory is not on a cgroup v2 file system.
        case notCgroup2
        /// Any other error of the operating system.
        case system
    }

    /// What kind of failure it is.
    public var code: Code
    /// The file or directory, as a path from the cgroup's mount point where that is known.
    public var file: String
    /// The operation that failed: `open`, `read`, `write`, ….
    public var operation: String
    /// The operating system's error, where there was one.
    public var errno: Errno?

    /// Makes an error.
    public init(code: Code, file: String, operation: String, errno: Errno? = nil) {
        self.code = code
        self.file = file
        self.operation = operation
        self.errno = errno
    }

    /// Makes an error from errno, choosing the code.
    public init(file: String, operation: String, errno: Errno) {
        let code: Code =
            switch errno {
            case .noSuchFileOrDirectory: .absent
            case .noSuchAddressOrDevice, .operationNotSupportedByDevice: .gone
            case .permissionDenied, .notPermitted, .readOnlyFileSystem: .denied
            default: .system
            }
        self.init(code: code, file: file, operation: operation, errno: errno)
    }

    /// One line: operation, file, and the system's words.
    public var description: String {
        let reason =
            switch code {
            case .malformed: "contents are not what the kernel documents"
            case .notCgroup2: "not on a cgroup v2 file system"
            default: errno.map { "\($0)" } ?? "failed"
            }
        return "\(operation) \(file): \(reason)"
    }
}
