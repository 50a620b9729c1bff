import Glibc
public import MemoryUnits
public import SystemPackage

/// A cgroup tree of ordinary files in a temporary directory, with the contents that a 6.12 kernel shows.
///
/// What it cannot imitate: files of a removed cgroup go on answering through open descriptors (the kernel says ENODEV), all
/// descriptors of `memory.peak` share one window, and a value that is written is kept as it is. The directory is removed
/// with the last reference to the tree.
public final class FakeCgroupTree: Sendable {
    /// Where the tree is; give it to `CgroupHierarchy(mountPoint:check: .unchecked)`.
    public let mount: FilePath

    /// Builds a tree.
    ///
    /// - Parameters:
    ///   - test: A name for the directory; the calling function unless given.
    ///   - groups: For each cgroup, by its path from the mount point, the files that differ from `defaultFiles`; a
    ///     file whose contents are nil does not exist. Ancestors are made with default files.
    public init(test: String = #function, _ groups: () -> [String: [String: String?]]) throws {
        let name = test.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        var template = Array("\(Self.temporaryDirectory)/fuyun-\(String(name.prefix(40)))-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        let bytes = template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        mount = FilePath(String(decoding: bytes, as: UTF8.self))
        for (file, text) in Self.rootFiles { try write(text, to: file, of: "") }
        for (path, files) in groups().sorted(by: { $0.key < $1.key }) { try add(path, files) }
    }

    /// Builds an empty tree.
    public convenience init(test: String = #function) throws { try self.init(test: test) { [:] } }

    deinit { Self.removeAll(mount) }

    // MARK: - The tree

    /// Adds a cgroup with default files, except for those given; a file whose contents are nil does not exist.
    public func add(_ path: String, _ files: [String: String?] = [:]) throws {
        var walked = ""
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            walked = walked.isEmpty ? String(part) : "\(walked)/\(part)"
            guard mkdir(mount.pushing(FilePath(walked)).string, 0o755) == 0 else {
                if errno == EEXIST { continue }
                throw Errno(rawValue: errno)
            }
            for (file, text) in Self.defaultFiles {
                if index == parts.count - 1, let given = files[file], given == nil { continue }
                try write(text, to: file, of: walked)
            }
        }
        for (file, text) in files {
            if let text {
                try write(text, to: file, of: path)
            } else {
                unlink(self.path(of: file, in: path))
            }
        }
    }

    /// Removes a cgroup and those below it, as when a container ends.
    public func remove(_ path: String) { Self.removeAll(mount.pushing(FilePath(path))) }

    // MARK: - Files

    /// The whole contents of a file.
    public func read(_ file: String, of path: String) throws -> String {
        let descriptor = try FileDescriptor.open(FilePath(self.path(of: file, in: path)), .readOnly)
        return try descriptor.closeAfter {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = try bytes.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    /// The first line of a file: its value, where what was written is shorter than what was there before.
    public func value(_ file: String, of path: String) throws -> String {
        String(try read(file, of: path).prefix { $0 != "\n" })
    }

    /// Replaces a file's contents in place, so that open descriptors see it; a watcher sees a foreign write.
    public func write(_ text: String, to file: String, of path: String) throws {
        let descriptor = try FileDescriptor.open(
            FilePath(self.path(of: file, in: path)),
            .writeOnly,
            options: .create,
            permissions: [.ownerReadWrite]
        )
        try descriptor.closeAfter {
            let bytes = Array(text.utf8)
            // First the text, then the length: a reader in between sees a whole first line.
            _ = try bytes.withUnsafeBytes { try descriptor.writeAll(toAbsoluteOffset: 0, $0) }
            try descriptor.resize(to: Int64(bytes.count))
        }
    }

    /// Moves a counter of `memory.events` as the kernel does: in the cgroup's local file, and in the hierarchical files of
    /// it and all its ancestors but the root.
    public func bump(_ event: String, of path: String, by amount: UInt64 = 1) throws {
        try bump(event, in: "memory.events.local", of: path, amount)
        var parts = path.split(separator: "/")
        while !parts.isEmpty {
            try bump(event, in: "memory.events", of: parts.joined(separator: "/"), amount)
            parts.removeLast()
        }
    }

    /// Sets lines of `memory.stat`, and `memory.current` to anonymous + file + kernel memory.
    public func setStat(_ lines: [String: Bytes], of path: String) throws {
        var table = try read("memory.stat", of: path).split(separator: "\n").map { line in
            let pair = line.split(separator: " ")
            return (key: String(pair[0]), value: UInt64(pair[1]) ?? 0)
        }
        for index in table.indices { table[index].value = lines[table[index].key]?.rawValue ?? table[index].value }
        try write(table.map { "\($0.key) \($0.value)\n" }.joined(), to: "memory.stat", of: path)
        let charged = table.filter { ["anon", "file", "kernel"].contains($0.key) }.reduce(0) { $0 + $1.value }
        try write("\(charged)\n", to: "memory.current", of: path)
    }

    private func bump(_ event: String, in file: String, of path: String, _ amount: UInt64) throws {
        let lines = try read(file, of: path).split(separator: "\n").map { line -> String in
            let pair = line.split(separator: " ")
            guard pair.first == event[...], pair.count == 2, let value = UInt64(pair[1]) else { return String(line) }
            return "\(event) \(value + amount)"
        }
        try write(lines.map { "\($0)\n" }.joined(), to: file, of: path)
    }

    private func path(of file: String, in path: String) -> String {
        mount.pushing(FilePath(path)).appending(file).string
    }

    private static var temporaryDirectory: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

    private static func removeAll(_ directory: FilePath) {
        guard let stream = opendir(directory.string) else { return }
        while let entry = readdir(stream) {
            let isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            let inner = directory.appending(name)
            if isDirectory { removeAll(inner) } else { unlink(inner.string) }
        }
        closedir(stream)
        rmdir(directory.string)
    }
}
