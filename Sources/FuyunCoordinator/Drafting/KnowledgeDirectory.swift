import FuyunDrafter
import Glibc
import Logging

/// What operators wrote down for the model: `global/*.md`, and `functions/NAME.md` with `/` as `%2F`.
///
/// Read at each draft, so that a note counts as soon as it is written. Bounded in files and bytes; what is left out is
/// logged, and is no reason not to draft.
struct KnowledgeDirectory: Sendable {
    /// The most notes that are read.
    static let maximumNotes = 32
    /// The largest note, in bytes.
    static let maximumNote = 64 << 10
    /// The most bytes of all notes of a draft.
    static let maximumBytes = 256 << 10

    let path: String
    let logger: Logger

    /// The notes that hold for a function, global ones first, each by name.
    func notes(of function: String) -> [KnowledgeNote] {
        var notes: [KnowledgeNote] = []
        var bytes = 0
        let names = Self.names(in: "\(path)/global").map { "global/\($0)" } + ["functions/\(Self.fileName(function))"]
        for (index, name) in names.enumerated() {
            guard notes.count < Self.maximumNotes || index == names.count - 1 else { continue }
            guard let text = read(name) else { continue }
            bytes += text.utf8.count
            guard bytes <= Self.maximumBytes else {
                leftOut(name, "all notes together have more than \(Self.maximumBytes) bytes")
                break
            }
            notes.append(KnowledgeNote(name: name, text: text))
        }
        return notes
    }

    /// `guest/f` → `guest%2Ff.md`.
    static func fileName(_ function: String) -> String { function.replacing("/", with: "%2F") + ".md" }

    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        // A directory with more entries than this is not one of notes.
        for _ in 0..<10_000 {
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".md"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private func read(_ name: String) -> String? {
        let descriptor = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno != ENOENT { leftOut(name, String(cString: strerror(errno))) }
            return nil
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            leftOut(name, "it is no regular file")
            return nil
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= Self.maximumNote {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        guard bytes.count <= Self.maximumNote else {
            leftOut(name, "it has more than \(Self.maximumNote) bytes")
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            leftOut(name, "it is no UTF-8 text")
            return nil
        }
        return text
    }

    private func leftOut(_ name: String, _ reason: String) {
        logger.warning(
            "a note for the model is left out",
            metadata: ["file": "\(path)/\(name)", "reason": "\(reason)"]
        )
    }
}
