import CSystemd
import Glibc

/// Tells the service manager how this service is doing, by sd_notify(3).
///
/// Every call is one datagram to the socket in `NOTIFY_SOCKET` and does nothing when that is unset, so the same code
/// runs from a terminal. The unit needs `Type=notify` and `NotifyAccess=main`.
public struct ServiceNotifier: Sendable {
    /// What became of a notification.
    public enum Delivery: Hashable, Sendable {
        /// It was handed to the service manager's socket.
        case delivered
        /// `NOTIFY_SOCKET` is unset: nobody asked to be told.
        case unsupervised
        /// The socket did not take it; the value is the error number.
        case failed(errno: CInt)
    }

    /// The longest status text in bytes; longer ones are cut.
    public static let longestStatus = 512

    /// Makes a notifier; it holds nothing.
    public init() {}

    /// Start-up is finished: sockets listen and a snapshot is loaded.
    @discardableResult
    public func ready() -> Delivery { send("READY=1") }

    /// A reload begins; `ready()` says when it is over.
    @discardableResult
    public func reloading() -> Delivery {
        // Type=notify-reload wants the moment, so that a READY=1 from before the reload is not mistaken for its end.
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let microseconds = UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1_000
        return send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
    }

    /// The service begins to stop.
    @discardableResult
    public func stopping() -> Delivery { send("STOPPING=1") }

    /// The line that `systemctl status` shows; line breaks become spaces, and it is cut to `longestStatus` bytes.
    @discardableResult
    public func status(_ text: String) -> Delivery { send("STATUS=" + Self.singleLine(text)) }

    /// The service is alive; see `WatchdogService`.
    @discardableResult
    public func watchdog() -> Delivery { send("WATCHDOG=1") }

    /// Asks for this much more time, from now, for the start, stop or reload that is going on.
    @discardableResult
    public func extendTimeout(_ time: Duration) -> Delivery { send("EXTEND_TIMEOUT_USEC=\(time.wholeMicroseconds)") }

    /// The error number because of which the service gives up, and a status line that explains it.
    @discardableResult
    public func mainError(_ number: CInt, status: String) -> Delivery {
        send("ERRNO=\(number)\nSTATUS=" + Self.singleLine(status))
    }

    /// The text as one line of at most so many bytes: control characters become spaces.
    static func singleLine(_ text: String, longest: Int = longestStatus) -> String {
        var line = String.UnicodeScalarView()
        var length = 0
        for scalar in text.unicodeScalars {
            let kept = scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar
            length += UTF8.width(kept)
            if length > longest { break }
            line.append(kept)
        }
        return String(line)
    }

    private func send(_ state: String) -> Delivery {
        let result = sd_notify(0, state)
        if result > 0 { return .delivered }
        return result == 0 ? .unsupervised : .failed(errno: -result)
    }
}

extension Duration {
    /// Microseconds, rounded down, ending at zero and at `UInt64.max`: the unit of all systemd interfaces.
    var wholeMicroseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000)
        let (sum, carry) = product.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000_000))
        return overflow || carry ? .max : sum
    }
}
