import Glibc

/// Files of the tests, without Foundation.
enum Files {
    /// `Tests/FuyunDrafterTests/`.
    static let root = String(#filePath.dropLast("Support/Files.swift".count))

    static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block.prefix(count) }
        return bytes
    }

    static func text(_ path: String) -> String? { read(path).map { String(decoding: $0, as: UTF8.self) } }

    @discardableResult static func write(_ text: String, to path: String) -> Bool { write(Array(text.utf8), to: path) }

    @discardableResult static func write(_ bytes: [UInt8], to path: String) -> Bool {
        var made = ""
        for step in path.split(separator: "/").dropLast() {
            made += "/" + step
            mkdir(made, 0o755)
        }
        guard let file = fopen(path, "w") else { return false }
        defer { fclose(file) }
        return fwrite(bytes, 1, bytes.count, file) == bytes.count
    }

    /// The names in a folder, in order.
    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
