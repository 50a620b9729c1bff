public import FuyunDrafter
import CArchive

/// Reads a function's source from wherever it lies: a file, a folder, or an archive.
public enum SourceReader {
    /// Reads, leaves out what is no source, and masks secrets.
    ///
    /// - Parameters:
    ///   - path: A file, a folder, a zip or a tar, also compressed or in base64 as OpenWhisk takes it.
    ///   - limits: How much is read.
    public static func read(_ path: String, limits: SourceLimits = SourceLimits()) throws(SourceError) -> SourceBundle {
        throw SourceError(path: path, message: "not yet")
    }
}

/// How much of a source is read.
public struct SourceLimits: Hashable, Sendable {
    /// The most files that are kept.
    public var files = 200
    /// The most bytes of one file.
    public var fileBytes = 256 << 10
    /// The most bytes that are kept in all.
    public var totalBytes = 1 << 20
    /// The most bytes of an archive or a file as it lies.
    public var archiveBytes = 64 << 20
    /// The most bytes that an archive is unpacked to, kept or not.
    public var unpackedBytes = 256 << 20
    /// The most entries of a folder or an archive that are looked at.
    public var entries = 20_000

    /// The default limits.
    public init() {}
}

/// Why a source cannot be read.
public struct SourceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path that was given.
    public var path: String
    /// What was found, and what to do.
    public var message: String

    /// Makes an error.
    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    /// `path: message`.
    public var description: String { "\(path): \(message)" }
}
