import Glibc

/// A directory of its own, gone with the value.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/fuyun-store-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no temporary directory, error \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// What lies in it.
    var names: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// A file's path.
    func file(_ name: String) -> String { "\(path)/\(name)" }
}
