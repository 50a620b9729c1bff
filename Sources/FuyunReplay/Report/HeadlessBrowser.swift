import Glibc

/// A browser without a window, which makes pictures of figures.
///
/// Chromium or a relative of it, as found on the machine; nothing is fetched, and no page it is shown loads anything.
public struct HeadlessBrowser: Hashable, Sendable {
    /// The executable.
    public var path: String

    /// Takes an executable.
    public init(path: String) { self.path = path }

    /// The names under which it is installed.
    static let names = [
        "chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome-headless-shell",
        "microsoft-edge",
    ]

    /// The first one in a search path.
    ///
    /// - Parameter searchPath: Folders with colons between them, as in `PATH`.
    /// - Throws: `BrowserError` when there is none.
    public static func find(in searchPath: String) throws(BrowserError) -> HeadlessBrowser {
        for name in names {
            for folder in searchPath.split(separator: ":") {
                let path = "\(folder)/\(name)"
                if access(path, X_OK) == 0 { return HeadlessBrowser(path: path) }
            }
        }
        throw BrowserError(
            """
            pictures need a headless browser, and none was found in PATH: install chromium (Debian: apt install chromium), or \
            leave out the pictures; the page and its data are complete without them
            """
        )
    }

    /// Makes `NAME.png` in a folder, at twice the size for sharp print.
    ///
    /// - Throws: `BrowserError` when the page cannot be written, or the browser fails or takes longer than a minute.
    public func photograph(_ picture: ReportPicture, into folder: String) throws(BrowserError) {
        let page = "\(folder)/.\(picture.name).html"
        guard let file = fopen(page, "w") else { throw BrowserError("cannot write \(page): \(Self.reason(errno))") }
        let text = Array(picture.html.utf8)
        let written = fwrite(text, 1, text.count, file)
        guard fclose(file) == 0, written == text.count else { throw BrowserError("cannot write \(page): disk full?") }
        defer { unlink(page) }
        guard let absolute = realpath(page, nil) else { throw BrowserError("cannot find \(page) again") }
        defer { free(absolute) }
        let target = "\(folder)/\(picture.name).png"
        unlink(target)
        var arguments = [
            path, "--headless", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=2",
            "--window-size=\(picture.width),\(picture.height)", "--screenshot=\(target)",
        ]
        // Chromium refuses to run as root inside its sandbox; the page is our own and loads nothing.
        if geteuid() == 0 { arguments.append("--no-sandbox") }
        arguments.append("file://" + Self.encoded(String(cString: absolute)))
        try run(arguments)
        guard access(target, R_OK) == 0 else { throw BrowserError("\(path) made no \(target)") }
    }

    private func run(_ arguments: [String]) throws(BrowserError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [0, 1, 2] as [Int32] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var words = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, path, &actions, nil, &words, environ)
        guard failure == 0 else { throw BrowserError("cannot start \(path): \(Self.reason(failure))") }
        var status: Int32 = 0
        for _ in 0..<3000 {
            switch waitpid(process, &status, WNOHANG) {
            case 0: usleep(20_000)
            case process where status == 0: return
            default: throw BrowserError("\(path) failed (wait status \(status))")
            }
        }
        kill(process, SIGKILL)
        waitpid(process, &status, 0)
        throw BrowserError("\(path) took longer than a minute")
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// A path within a URL.
    private static func encoded(_ path: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
        let digits = Array("0123456789ABCDEF")
        return path.utf8.map { byte in
            plain.contains(byte)
                ? String(UnicodeScalar(byte)) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }.joined()
    }
}

/// Why there is no picture.
public struct BrowserError: Error, Hashable, CustomStringConvertible {
    /// What went wrong, and what to do.
    public var description: String

    init(_ description: String) { self.description = description }
}
