/// What of a source goes into the prompt, when not all of it can: the handler first, then what it names, then the rest.
struct PromptSource {
    /// The most bytes of source in a prompt.
    static let budget = 64 << 10
    /// The most bytes of one file.
    static let fileBudget = 32 << 10
    /// The most names of files that are listed.
    static let maximumNames = 64

    /// A file, or the beginning of one.
    struct Part {
        var path: String
        var text: String
        var bytes: Int
        var isCut: Bool { text.utf8.count < bytes }
    }

    /// What is shown, in order.
    private(set) var parts: [Part] = []
    /// The paths of what is not shown for want of room.
    private(set) var dropped: [String] = []

    init(_ bundle: SourceBundle) {
        var room = Self.budget
        for file in Self.ordered(bundle.files) {
            let bytes = file.text.utf8.count
            let share = min(room, Self.fileBudget)
            guard bytes == 0 || share >= min(bytes, 512) else {
                dropped.append(file.path)
                continue
            }
            let text = bytes <= share ? file.text : Self.wholeLines(file.text, bytes: share)
            parts.append(Part(path: file.path, text: text, bytes: bytes))
            room -= text.utf8.count
        }
    }

    /// The beginning of a text, ending with a line.
    private static func wholeLines(_ text: String, bytes: Int) -> String {
        let start = text.prefix(bytes: bytes)
        guard let end = start.lastIndex(of: "\n") else { return String(start) }
        return String(start[...end])
    }

    // MARK: Order

    private static let handlerNames: Set<String> = [
        "__main__", "main", "handler", "index", "app", "function", "lambda_function", "lib", "action", "func",
    ]
    private static let handlerMarks = [
        "def main(", "def handler(", "def handle(", "def lambda_handler(", "exports.main", "exports.handler",
        "function main(", "module.exports", "func main(", "func Main(", "fn main(", "public static", "export default",
    ]
    private static let codeEndings: Set<String> = [
        "py", "js", "mjs", "cjs", "ts", "go", "rs", "java", "kt", "swift", "rb", "php", "cs", "c", "cc", "cpp", "h",
        "hpp",
        "scala", "lua", "pl", "r", "jl", "sh", "ex", "exs",
    ]

    /// The handler (by its file's name or by what it defines), then code that the files before name, then other code, then
    /// all else; by path within each.
    static func ordered(_ files: [SourceBundle.File]) -> [SourceBundle.File] {
        var waiting = files.sorted { ($0.rank, $0.path) < ($1.rank, $1.path) }
        var ordered: [SourceBundle.File] = []
        guard !waiting.isEmpty else { return [] }
        ordered.append(waiting.removeFirst())
        var looked = 0
        while looked < ordered.count, !waiting.isEmpty {
            let text = ordered[looked].text
            looked += 1
            let named = waiting.filter { $0.isCode && text.hasWord($0.stem) }
            ordered += named
            let paths = Set(named.map(\.path))
            waiting.removeAll { paths.contains($0.path) }
        }
        return ordered + waiting
    }

    fileprivate static func isHandler(_ file: SourceBundle.File) -> Bool {
        handlerNames.contains(file.stem.lowercased())
    }

    fileprivate static func definesHandler(_ file: SourceBundle.File) -> Bool {
        let start = file.text.prefix(bytes: fileBudget)
        return handlerMarks.contains { start.contains($0) }
    }

    fileprivate static func isCode(_ path: String) -> Bool {
        guard let dot = path.lastIndex(of: ".") else { return false }
        return codeEndings.contains(path[path.index(after: dot)...].lowercased())
    }
}

extension SourceBundle.File {
    fileprivate var name: Substring { path.split(separator: "/").last ?? path[...] }

    fileprivate var stem: String { String(name.prefix { $0 != "." }) }

    fileprivate var isCode: Bool { PromptSource.isCode(path) }

    fileprivate var isTest: Bool { path.lowercased().contains("test") }

    /// The handler is 0; the less likely a file is to say what matters, the more.
    fileprivate var rank: Int {
        guard isCode else { return 4 }
        if isTest { return 3 }
        let (named, defines) = (PromptSource.isHandler(self), PromptSource.definesHandler(self))
        return defines ? (named ? 0 : 1) : named ? 1 : 2
    }
}

extension String {
    /// Whether a word of letters stands in the text, not as a part of a longer one.
    fileprivate func hasWord(_ word: String) -> Bool {
        guard word.utf8.count >= 2 else { return false }
        let (text, letters) = (Array(utf8), Array(word.utf8))
        guard text.count >= letters.count else { return false }
        func isWordByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        var index = 0
        while index + letters.count <= text.count {
            guard let found = text[index...].firstIndex(of: letters[0]), found + letters.count <= text.count else {
                return false
            }
            if text[found..<found + letters.count].elementsEqual(letters),
                found == 0 || !isWordByte(text[found - 1]),
                found + letters.count == text.count || !isWordByte(text[found + letters.count])
            {
                return true
            }
            index = found + 1
        }
        return false
    }
}
