import Glibc

/// Reads a folder, names in order, never through a link.
struct FolderReader {
    let root: String

    func read(into collector: inout SourceCollector) throws(SourceError) {
        guard let folder = Folder(root) else { throw SourceError(path: root, errno: errno) }
        var seen = 0
        read(folder, prefix: "", depth: 1, seen: &seen, into: &collector)
    }

    private func read(
        _ folder: consuming Folder,
        prefix: String,
        depth: Int,
        seen: inout Int,
        into collector: inout SourceCollector
    ) {
        for name in folder.names(limit: collector.entryLimit) {
            let path = prefix + name
            seen += 1
            guard seen <= collector.entryLimit else { return collector.omit(path, .tooMany) }
            var status = stat()
            guard fstatat(folder.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFLNK: collector.omit(path, .link)
            case S_IFDIR:
                if SourceCollector.isExcludedFolder(name[...]) {
                    collector.omit(path + "/", .excluded)
                } else if depth >= collector.depthLimit {
                    collector.omit(path + "/", .tooMany)
                } else if let inner = Folder(name, in: folder.descriptor) {
                    read(inner, prefix: path + "/", depth: depth + 1, seen: &seen, into: &collector)
                } else {
                    collector.omit(path + "/", .excluded)
                }
            case S_IFREG:
                guard status.st_size <= collector.fileLimit else {
                    collector.omit(path, .tooLarge)
                    continue
                }
                let descriptor = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
                guard descriptor >= 0 else {
                    collector.omit(path, .excluded)
                    continue
                }
                defer { close(descriptor) }
                if let bytes = Self.bytes(of: descriptor, limit: collector.fileLimit) {
                    collector.add(path, bytes)
                } else {
                    collector.omit(path, .tooLarge)
                }
            default: collector.omit(path, .excluded)
            }
        }
    }

    /// A whole file that was named by its path.
    static func file(_ path: String, size: Int, limit: Int) throws(SourceError) -> [UInt8] {
        guard size <= limit else {
            throw SourceError(path: path, message: "\(size) bytes, expected at most \(limit)")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SourceError(path: path, errno: errno) }
        defer { close(descriptor) }
        guard let bytes = bytes(of: descriptor, limit: limit) else {
            throw SourceError(path: path, message: "it cannot be read, or grows while it is read")
        }
        return bytes
    }

    /// What can be read of a descriptor; nil when it is more than the limit, or an error.
    private static func bytes(of descriptor: Int32, limit: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &block, block.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                return nil
            }
            guard bytes.count + count <= limit else { return nil }
            bytes += block.prefix(count)
        }
    }
}

/// An open folder.
private struct Folder: ~Copyable {
    private let stream: OpaquePointer
    var descriptor: Int32 { dirfd(stream) }

    init?(_ name: String, in parent: Int32 = AT_FDCWD) {
        // The folder that was named may be a link; those below may not.
        let follow = parent == AT_FDCWD ? 0 : O_NOFOLLOW
        let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow)
        guard descriptor >= 0 else { return nil }
        guard let stream = fdopendir(descriptor) else {
            close(descriptor)
            return nil
        }
        self.stream = stream
    }

    deinit { closedir(stream) }

    /// The names in it, in order.
    borrowing func names(limit: Int) -> [String] {
        var names: [String] = []
        while names.count <= limit, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
