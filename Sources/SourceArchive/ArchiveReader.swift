import CArchive

/// Reads zip and tar archives by libarchive, without ever writing anything to a disk.
struct ArchiveReader {
    let path: String
    let limits: SourceLimits

    /// Whether bytes begin like an archive: zip, tar, or something compressed.
    static func isArchive(_ bytes: [UInt8]) -> Bool {
        let starts: [[UInt8]] = [
            [0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6], [0x1F, 0x8B], Array("BZh".utf8), [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0],
            [0x28, 0xB5, 0x2F, 0xFD],
        ]
        if starts.contains(where: { bytes.starts(with: $0) }) { return true }
        return bytes.count >= 512 && bytes[257...].starts(with: "ustar".utf8)
    }

    func read(_ bytes: [UInt8], into collector: inout SourceCollector) throws(SourceError) {
        let archive = try Archive(path: path)
        // The archive's memory must stay where it is while it is read.
        let outcome = bytes.withUnsafeBytes { buffer -> Result<Void, SourceError> in
            do throws(SourceError) {
                try archive.open(buffer, path: path)
                return .success(try entries(of: archive, into: &collector))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    private func entries(of archive: borrowing Archive, into collector: inout SourceCollector) throws(SourceError) {
        var unpacked = 0
        var seen = 0
        while let entry = try archive.next(path: path) {
            seen += 1
            guard seen <= limits.entries else {
                throw SourceError(
                    path: path,
                    message: "more than \(limits.entries) entries; leave out what is no source"
                )
            }
            let name = entry.name.map { Self.safe($0) } ?? nil
            // Everything is unpacked, also what is not kept: only so its size is known, and bounded.
            let keep = name != nil && entry.isFile && !entry.isLink
            let data = try archive.data(
                keeping: keep ? limits.fileBytes : 0,
                unpacked: &unpacked,
                limit: limits.unpackedBytes,
                path: path
            )
            guard let name else {
                collector.omit(entry.name ?? "an entry without a name", .excluded)
                continue
            }
            if entry.isLink {
                collector.omit(name, .link)
            } else if entry.isFolder {
                continue
            } else if !entry.isFile {
                collector.omit(name, .excluded)
            } else if let data {
                collector.add(name, data)
            } else {
                collector.omit(name, .tooLarge)
            }
        }
    }

    /// A path that stays inside; nil for one that is absolute, climbs, or plays tricks with characters.
    static func safe(_ name: String) -> String? {
        guard !name.isEmpty, name.utf8.count <= 1024, !name.hasPrefix("/"), !name.contains("\\") else { return nil }
        guard name.unicodeScalars.allSatisfy({ $0.value >= 32 && !(0x7F...0x9F).contains($0.value) }) else {
            return nil
        }
        let steps = name.split(separator: "/").filter { $0 != "." }
        guard !steps.isEmpty, !steps.contains(".."), steps.first?.hasSuffix(":") == false else { return nil }
        return steps.joined(separator: "/")
    }
}

/// An open archive of libarchive.
private struct Archive: ~Copyable {
    private let handle: OpaquePointer

    struct Entry {
        var name: String?
        var isFile: Bool
        var isFolder: Bool
        var isLink: Bool
    }

    init(path: String) throws(SourceError) {
        guard let handle = archive_read_new() else { throw SourceError(path: path, message: "out of memory") }
        self.handle = handle
        archive_read_support_format_zip(handle)
        archive_read_support_format_tar(handle)
        archive_read_support_filter_gzip(handle)
        archive_read_support_filter_bzip2(handle)
        archive_read_support_filter_xz(handle)
        archive_read_support_filter_zstd(handle)
    }

    deinit { archive_read_free(handle) }

    borrowing func open(_ buffer: UnsafeRawBufferPointer, path: String) throws(SourceError) {
        guard archive_read_open_memory(handle, buffer.baseAddress, buffer.count) == ARCHIVE_OK else {
            throw problem(path)
        }
    }

    /// The next entry; nil at the end.
    borrowing func next(path: String) throws(SourceError) -> Entry? {
        var entry: OpaquePointer?
        let code = archive_read_next_header(handle, &entry)
        if code == ARCHIVE_EOF { return nil }
        guard code == ARCHIVE_OK || code == ARCHIVE_WARN, let entry else { throw problem(path) }
        let name = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)
        let type = archive_entry_filetype(entry)
        let isLink = archive_entry_hardlink(entry) != nil || type == mode_t(0o120000)
        return Entry(
            name: name.map { String(cString: $0) },
            isFile: type == mode_t(0o100000),
            isFolder: type == mode_t(0o040000),
            isLink: isLink
        )
    }

    /// Reads an entry to its end.
    ///
    /// - Returns: Its bytes; nil when there are more than are kept, or holes in them.
    borrowing func data(
        keeping limit: Int,
        unpacked: inout Int,
        limit total: Int,
        path: String
    ) throws(SourceError) -> [UInt8]? {
        var bytes: [UInt8]? = []
        while true {
            var block: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let code = archive_read_data_block(handle, &block, &count, &offset)
            if code == ARCHIVE_EOF { return bytes }
            guard code == ARCHIVE_OK || code == ARCHIVE_WARN else { throw problem(path) }
            unpacked += count
            guard unpacked <= total else {
                throw SourceError(
                    path: path,
                    message: "it unpacks to more than \(total) bytes; leave out what is no source"
                )
            }
            guard let kept = bytes, kept.count + count <= limit, offset == kept.count else {
                bytes = count == 0 ? bytes : nil
                continue
            }
            bytes?.append(contentsOf: UnsafeRawBufferPointer(start: block, count: count))
        }
    }

    private borrowing func problem(_ path: String) -> SourceError {
        let text = archive_error_string(handle).map { String(cString: $0) } ?? "unknown"
        return SourceError(path: path, message: "the archive cannot be read: \(text); expected a zip or a tar")
    }
}
