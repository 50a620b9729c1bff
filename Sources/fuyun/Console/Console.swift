import Glibc
import SystemPackage

/// Where a command reads and writes, and what the reader's screen can show.
struct Console: Sendable {
    /// Columns of the terminal; nil: lines may be of any length.
    var width: Int?
    /// Rows of the terminal; nil when there is none.
    var height: Int?
    /// Whether text may be coloured.
    var hasColour: Bool
    /// Where `-` is read from.
    var input: FileDescriptor
    private let output: @Sendable (String) -> Void
    private let errors: @Sendable (String) -> Void

    /// Makes a console; `output` and `errors` get whole lines with their line feeds.
    init(
        width: Int? = nil,
        height: Int? = nil,
        hasColour: Bool = false,
        input: FileDescriptor = .standardInput,
        output: @escaping @Sendable (String) -> Void,
        errors: @escaping @Sendable (String) -> Void
    ) {
        self.width = width
        self.height = height
        self.hasColour = hasColour
        self.input = input
        self.output = output
        self.errors = errors
    }

    /// The process's own: colours and the terminal's width when standard output is a terminal.
    static func process(noColor: Bool) -> Console {
        // A reader that went away is seen by the write that fails.
        signal(SIGPIPE, SIG_IGN)
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let size = isTerminal ? terminalSize() : nil
        let forbidden = noColor || !(environment("NO_COLOR") ?? "").isEmpty || environment("TERM") == "dumb"
        return Console(
            width: size?.columns,
            height: size?.rows,
            hasColour: isTerminal && !forbidden,
            output: { write($0, to: .standardOutput) },
            errors: { write($0, to: .standardError) }
        )
    }

    /// Writes a line to standard output.
    func line(_ text: Text = "") { output(text.rendered(inColour: hasColour) + "\n") }

    /// Writes lines to standard output.
    func lines(_ lines: [Text]) {
        output(lines.map { $0.rendered(inColour: hasColour) + "\n" }.joined())
    }

    /// Writes bytes that are a whole text of their own, such as JSON, and ends the line if they do not.
    func raw(_ bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        output(text.utf8.last == 0x0A ? text : text + "\n")
    }

    /// Starts the screen anew, on a terminal.
    func clear() {
        guard width != nil else { return }
        output("\u{1B}[H\u{1B}[2J")
    }

    /// Tells on standard error what went wrong.
    func complain(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        errors(lines.enumerated().map { ($0 == 0 ? "fuyun: " : "  ") + String($1).printable + "\n" }.joined())
    }

    /// A variable of the process's environment.
    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func terminalSize() -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return (environment("COLUMNS").flatMap { Int($0) } ?? 80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    private static func write(_ text: String, to descriptor: FileDescriptor) {
        do {
            try descriptor.writeAll(text.utf8)
        } catch Errno.brokenPipe {
            // As if the signal had been taken: `fuyun containers | head` is no failure worth words.
            exit(128 + SIGPIPE)
        } catch {
            exit(Outcome.problem.rawValue)
        }
    }
}
