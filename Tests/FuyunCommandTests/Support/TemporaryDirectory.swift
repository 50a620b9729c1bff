import Glibc
import SystemPackage

/// A directory for one test, removed with the last reference to it.
final class TemporaryDirectory: Sendable {
    /// Where it is.
    let path: FilePath

    /// Makes it, with files by their relative paths.
    init(_ files: [String: String] = [:]) throws {
        var template = Array("/tmp/fuyun-command-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = FilePath(String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        for (name, text) in files { try write(text, to: name) }
    }

    deinit { Self.remove(path.string) }

    /// The path of a file in it.
    func file(_ name: String) -> String { path.pushing(FilePath(name)).string }

    /// Makes a directory in it, with those above.
    func makeDirectory(_ name: String) {
        var walked = path
        for part in FilePath(name).components {
            walked.append(part)
            mkdir(walked.string, 0o755)
        }
    }

    /// Writes a file, making its directories.
    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
        makeDirectory(FilePath(name).removingLastComponent().string)
        let descriptor = try FileDescriptor.open(
            file(name),
            .writeOnly,
            options: [.create, .truncate],
            permissions: FilePermissions(rawValue: mode)
        )
        _ = try descriptor.closeAfter { try descriptor.writeAll(text.utf8) }
    }

    private static func remove(_ path: String) {
        if let stream = opendir(path) {
            var names: [String] = []
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { names.append(name) }
            }
            closedir(stream)
            for name in names {
                let inner = "\(path)/\(name)"
                var facts = stat()
                if lstat(inner, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR { remove(inner) } else { unlink(inner) }
            }
        }
        rmdir(path)
    }
}
