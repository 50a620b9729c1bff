import FuyunClient
import FuyunProtocol

#if canImport(Glibc)
import Glibc
#endif
import NIOCore

/// Counts the calls that went on without the agent, and says so in one line at most once in 10 seconds.
struct FailureLog {
    let isQuiet: Bool
    private(set) var total = 0
    private var sinceLine = 0
    private var lastLine: NIODeadline?

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Counts a call, and returns the line that is due.
    mutating func count(_ reason: @autoclosure () -> String, at now: NIODeadline = .now()) {
        total += 1
        sinceLine += 1
        guard !isQuiet else { return }
        if let lastLine, now - lastLine < .seconds(10) { return }
        lastLine = now
        let calls = sinceLine == 1 ? "1 call" : "\(sinceLine) calls"
        sinceLine = 0
        StandardError.write("fuyun-shim: \(calls) passed on without the agent (\(total) since the start): \(reason())")
    }
}

/// Lines for people.
enum StandardError {
    static func write(_ line: String) {
        var text = line + "\n"
        text.withUTF8 { bytes in
            // One write, so that lines of the function and of the shim do not mix; what does not fit is lost.
            _ = Glibc.write(2, bytes.baseAddress, bytes.count)
        }
    }
}
