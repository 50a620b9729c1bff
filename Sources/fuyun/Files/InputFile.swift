import MemoryUnits
import SystemPackage

/// Something that is read whole: a file, or standard input as `-`.
struct InputFile {
    /// The name as it was given.
    var name: String
    /// The most that is read.
    var limit: Bytes

    /// Whether standard input is meant.
    var isStandardInput: Bool { name == "-" }

    /// The name for messages.
    var shownName: String { isStandardInput ? "<stdin>" : name }

    /// Reads it.
    ///
    /// - Throws: `CommandFailure` that says what to do; also for directories, devices, pipes without a writer and
    ///   files that are too large.
    func read(input: FileDescriptor = .standardInput) throws(CommandFailure) -> [UInt8] {
        do {
            if isStandardInput { return try bytes(of: input) }
            // Not blocking, so that a pipe given by mistake does not wait for a writer for ever.
            let descriptor = try FileDescriptor.open(name, .readOnly, options: [.closeOnExec, .nonBlocking])
            return try descriptor.closeAfter { try bytes(of: descriptor) }
        } catch {
            throw CommandFailure("\(shownName): \(reason(error))")
        }
    }

    private struct TooLarge: Error {}

    private func bytes(of descriptor: FileDescriptor) throws -> [UInt8] {
        let most = Int(clamping: limit.rawValue)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= most else { throw TooLarge() }
        }
    }

    private func reason(_ error: any Error) -> String {
        switch error {
        case is TooLarge: "is larger than \(limit), the most that is read"
        case Errno.isDirectory: "is a directory, a file was expected"
        case Errno.permissionDenied: "cannot be read: permission denied; try as root"
        case Errno.resourceTemporarilyUnavailable: "cannot be read: it is a pipe that nobody writes to"
        default: "cannot be read: \(error)"
        }
    }
}

extension Bytes {
    /// The largest policy document that is read, the same as the agent's.
    static let largestPolicy = Bytes.mebibytes(1)
    /// The largest payload that is read.
    static let largestPayload = Bytes.mebibytes(16)
    /// The part of a payload that an agent looks at (`payload.kept_bytes`).
    static let keptPayload = Bytes.mebibytes(1)
}
