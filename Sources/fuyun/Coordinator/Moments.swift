import Glibc

/// Moments of the coordinator, in words.
enum Moments {
    /// Now, as milliseconds since 1970.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// How long ago a moment was: `12 s`, `5 min`, `3 h`, `2 d`; `-` for none.
    static func age(_ moment: Int64?) -> String {
        guard let moment else { return "-" }
        let seconds = max(0, now - moment) / 1000
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    /// The moment in universal time: `2026-11-23 18:05:52Z`.
    static func stamp(_ moment: Int64) -> String {
        var seconds = time_t(moment / 1000)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return "\(moment)" }
        func two(_ number: CInt) -> String { String(number).paddedWithZero }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}

extension String {
    fileprivate var paddedWithZero: String { count < 2 ? "0" + self : self }
}
