import FuyunDrafter
import Glibc
import SourceArchive
import Testing

/// Sources as files, folders and archives.
@Suite struct SourceArchiveTests {
    private static let main = "def main(args):\n    return args\n"

    /// A folder that goes away with its owner.
    private final class Folder: Sendable {
        let path: String

        init() throws {
            var template = Array("/tmp/fuyun-source-XXXXXX".utf8CString)
            path = try #require(mkdtemp(&template).map { String(cString: $0) })
        }

        deinit { _ = Folder.run("rm", "-rf", path) }

        @discardableResult func write(_ bytes: [UInt8], _ name: String) -> String {
            Files.write(bytes, to: "\(path)/\(name)")
            return "\(path)/\(name)"
        }

        static func run(_ words: String...) -> Int32 {
            var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
            defer { for argument in arguments { free(argument) } }
            var child: pid_t = 0
            guard posix_spawnp(&child, words[0], nil, nil, &arguments, environ) == 0 else { return -1 }
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0 && errno == EINTR {}
            return status
        }
    }

    private func tree() throws -> Folder {
        let folder = try Folder()
        folder.write(Array(Self.main.utf8), "src/__main__.py")
        folder.write(Array("x = 1\n".utf8), "src/lib/more.py")
        folder.write([0x89, 0x50, 0x4E, 0x47, 0, 0, 1], "src/logo.png")
        folder.write(Array("var a\n".utf8), "src/node_modules/a/index.js")
        folder.write([UInt8](repeating: 0x61, count: 300 << 10), "src/big.txt")
        symlink("/etc/passwd", folder.path + "/src/link.py")
        return folder
    }

    /// Made by the language that nearly every machine with tests has.
    private func python(_ script: String, _ arguments: String...) throws {
        let all = ["python3", "-c", "import sys, zipfile, tarfile, base64, io\n" + script] + arguments
        try #require(Folder.run(all[0], all[1], all[2], all[3], all.count > 4 ? all[4] : "") == 0)
    }

    private static let packTree = """
        import os
        root, out = sys.argv[1:3]
        if out.endswith('.zip'):
            with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
                for d, _, names in os.walk(root):
                    for n in names:
                        p = os.path.join(d, n)
                        if not os.path.islink(p): z.write(p, os.path.relpath(p, root))
            open(out + '.b64', 'wb').write(base64.encodebytes(open(out, 'rb').read()))
        else:
            with tarfile.open(out, 'w:gz' if out.endswith('gz') else 'w') as t: t.add(root, '.')
        """

    @Test func aFileIsTaken() throws {
        let folder = try Folder()
        let bundle = try SourceReader.read(folder.write(Array(Self.main.utf8), "resize.py"))
        #expect(bundle.files == [.init(path: "resize.py", text: Self.main)])
        #expect(bundle.omitted.isEmpty && bundle.digest.hasPrefix("sha256:"))
    }

    @Test(arguments: ["", "a.zip", "a.tar", "a.tar.gz", "a.zip.b64"])
    func whatIsNoSourceIsLeftOutAndNamed(_ form: String) throws {
        let folder = try tree()
        var path = folder.path + "/src"
        if !form.isEmpty {
            path = "\(folder.path)/\(form.hasSuffix(".b64") ? "a.zip" : form)"
            try python(Self.packTree, folder.path + "/src", path)
            if form.hasSuffix(".b64") { path += ".b64" }
        }
        let bundle = try SourceReader.read(path)
        #expect(bundle.files.map(\.path) == ["__main__.py", "lib/more.py"])
        #expect(bundle.files.first?.text == Self.main)
        let reasons = Dictionary(bundle.omitted.map { ($0.path, $0.reason) }) { first, _ in first }
        #expect(reasons["logo.png"] == "binary")
        #expect(reasons["big.txt"] == "too_large")
        #expect(reasons.contains { $0.key.hasPrefix("node_modules/") && $0.value == "excluded" })
        if !form.contains("zip") { #expect(reasons["link.py"] == "link") }
    }

    @Test func pathsThatClimbAreLeftOut() throws {
        let folder = try Folder()
        let path = folder.path + "/tricks.zip"
        try python(
            """
            with zipfile.ZipFile(sys.argv[1], 'w') as z:
                for n in ['ok.py', '../up.py', '/etc/root.py', 'a/../../b.py', 'c:/d.py']: z.writestr(n, 'x = 1')
            """,
            path
        )
        let bundle = try SourceReader.read(path)
        #expect(bundle.files.map(\.path) == ["ok.py"])
        #expect(bundle.omitted.count == 4 && bundle.omitted.allSatisfy { $0.reason == "excluded" })
    }

    @Test func aBombIsRefused() throws {
        let folder = try Folder()
        let path = folder.path + "/bomb.zip"
        try python(
            """
            with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:
                for i in range(4): z.writestr('%d.py' % i, b' ' * (1 << 20))
            """,
            path
        )
        var limits = SourceLimits()
        limits.unpackedBytes = 2 << 20
        let error = #expect(throws: SourceError.self) { try SourceReader.read(path, limits: limits) }
        #expect(error?.message.contains("unpacks to more than") == true)
        limits = SourceLimits()
        limits.entries = 3
        let many = #expect(throws: SourceError.self) { try SourceReader.read(path, limits: limits) }
        #expect(many?.message.contains("entries") == true)
    }

    @Test func nothingToReadIsSaid() throws {
        let folder = try Folder()
        let binary = folder.write([0, 1, 2, 3], "program")
        let cut = folder.write([0x50, 0x4B, 3, 4, 9, 9], "cut.zip")
        let large = folder.write([UInt8](repeating: 0x61, count: 300 << 10), "large.py")
        for path in [folder.path + "/nowhere", binary, cut, large] {
            let error = #expect(throws: SourceError.self) { try SourceReader.read(path) }
            #expect(error?.path == path && error?.message.isEmpty == false)
        }
    }
}
