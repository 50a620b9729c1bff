public import FuyunDrafter
import Glibc

/// Reads a function's source from wherever it lies: a file, a folder, or an archive.
public enum SourceReader {
    /// Reads, leaves out what is no source, and masks secrets.
    ///
    /// Everything is bounded, and what is left out is named in the bundle. Links are never followed below `path`.
    ///
    /// - Parameters:
    ///   - path: A file, a folder, a zip or a tar (plain or compressed), or such an archive in base64 as OpenWhisk takes it.
    ///   - limits: How much is read.
    /// - Throws: `SourceError` when there is nothing to read, it is no source, or it is an archive that unpacks to too much.
    public static func read(_ path: String, limits: SourceLimits = SourceLimits()) throws(SourceError) -> SourceBundle {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SourceError(path: path, errno: errno) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            var collector = SourceCollector(limits: limits)
            try FolderReader(root: path).read(into: &collector)
            return try collector.bundle(of: path, digest: nil)
        case S_IFREG:
            let bytes = try FolderReader.file(path, size: Int(status.st_size), limit: limits.archiveBytes)
            return try bundle(of: bytes, path: path, limits: limits)
        default: throw SourceError(path: path, message: "expected a file or a folder")
        }
    }

    /// Reads bytes that are a file of source or an archive, as `read(_:limits:)` does.
    public static func bundle(
        of bytes: [UInt8],
        path: String,
        limits: SourceLimits = SourceLimits()
    ) throws(SourceError) -> SourceBundle {
        var collector = SourceCollector(limits: limits)
        let digest = SHA256.digest(bytes)
        let decoded = ArchiveReader.isArchive(bytes) ? bytes : Base64.archive(bytes) ?? bytes
        if ArchiveReader.isArchive(decoded) {
            try ArchiveReader(path: path, limits: limits).read(decoded, into: &collector)
            return try collector.bundle(of: path, digest: digest)
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard bytes.count <= limits.fileBytes else {
            throw SourceError(
                path: path,
                message: "\(bytes.count) bytes, expected at most \(limits.fileBytes) of source"
            )
        }
        guard collector.isText(bytes) else {
            throw SourceError(path: path, message: "this is no text and no zip or tar archive, expected source code")
        }
        collector.add(name, bytes, isNamed: true)
        return try collector.bundle(of: path, digest: digest)
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
    /// The deepest folder that is looked at.
    public var depth = 32
    /// The most omissions that are named one by one.
    public var omissions = 200

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

    init(path: String, errno code: Int32) {
        self.init(path: path, message: String(cString: strerror(code)))
    }

    /// `path: message`.
    public var description: String { "\(path): \(message)" }
}
