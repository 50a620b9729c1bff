import FuyunDrafter
import Glibc
import Logging
import Testing

@testable import FuyunCoordinator

@Suite("Notes for the model")
struct KnowledgeTests {
    private func withNotes(_ files: [String: String], _ body: (KnowledgeDirectory, String) throws -> Void) throws {
        var template = Array("/tmp/fuyun-notes-XXXXXX".utf8CString)
        _ = mkdtemp(&template)
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        mkdir("\(folder)/global", 0o700)
        mkdir("\(folder)/functions", 0o700)
        defer {
            for directory in ["global", "functions"] {
                if let stream = opendir("\(folder)/\(directory)") {
                    while let entry = readdir(stream) {
                        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                        }
                        unlink("\(folder)/\(directory)/\(name)")
                    }
                    closedir(stream)
                }
                rmdir("\(folder)/\(directory)")
            }
            rmdir(folder)
        }
        for (name, text) in files { try Rig.write(text, to: "\(folder)/\(name)") }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try body(KnowledgeDirectory(path: folder, logger: logger), folder)
    }

    @Test("are the global ones by name, then the function's own")
    func order() throws {
        let files = [
            "global/b.md": "second", "global/a.md": "first", "global/c.txt": "not a note",
            "global/.hidden.md": "nor this",
            "functions/guest%2Ff.md": "own", "functions/guest%2Fg.md": "another's",
        ]
        try withNotes(files) { notes, _ in
            #expect(notes.notes(of: "guest/f").map(\.name) == ["global/a.md", "global/b.md", "functions/guest%2Ff.md"])
            #expect(notes.notes(of: "guest/f").map(\.text) == ["first", "second", "own"])
            #expect(notes.notes(of: "h").map(\.text) == ["first", "second"])
        }
        #expect(
            KnowledgeDirectory(path: "/nowhere", logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }).notes(
                of: "f"
            ).isEmpty
        )
    }

    @Test("what is too large, no text, or a link to elsewhere is left out")
    func leftOut() throws {
        let files = [
            "global/a.md": String(repeating: "a", count: KnowledgeDirectory.maximumNote + 1),
            "global/z.md": "good",
        ]
        try withNotes(files) { notes, folder in
            symlink("/etc/passwd", "\(folder)/global/link.md")
            mkfifo("\(folder)/global/pipe.md", 0o600)
            let file = open("\(folder)/global/bad.md", O_WRONLY | O_CREAT, 0o600)
            _ = [0xFF, 0xFE].withUnsafeBytes { Glibc.write(file, $0.baseAddress, 2) }
            close(file)
            #expect(notes.notes(of: "f").map(\.text) == ["good"])
        }
    }

    @Test("all together are bounded, and the function's own is not lost behind many global ones")
    func bounded() throws {
        var files = ["functions/f.md": "own"]
        for number in 10..<60 { files["global/\(number).md"] = "\(number)" }
        try withNotes(files) { notes, _ in
            let found = notes.notes(of: "f")
            #expect(found.count == KnowledgeDirectory.maximumNotes + 1 && found.last?.text == "own")
        }
        var large: [String: String] = [:]
        for number in 0..<9 { large["global/\(number).md"] = String(repeating: "x", count: 60_000) }
        try withNotes(large) { notes, _ in #expect(notes.notes(of: "f").count == 4) }
    }
}
