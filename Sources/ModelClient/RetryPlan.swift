/// When a request that failed is made again.
struct RetryPlan: Hashable, Sendable {
    /// Further tries, at most.
    var retries: Int
    /// The pause before the first; doubles with each.
    var pause: Duration
    /// The longest pause.
    var longestPause: Duration

    /// The pause before the next try; nil when there is none.
    ///
    /// - Parameters:
    ///   - tries: Tries that failed.
    ///   - asked: What the endpoint asked for (`Retry-After`); it is waited for in full, up to the longest pause.
    ///   - chance: Evenly distributed in 0..<1, so that many clients do not come back at the same moment.
    func wait(after tries: Int, asked: Duration?, chance: Double) -> Duration? {
        guard tries <= retries else { return nil }
        let doubled = pause * Double(1 << min(tries - 1, 20))
        let spread = min(doubled * (0.5 + chance), longestPause)
        guard let asked else { return spread }
        return min(max(asked, .zero) + min(pause, .seconds(1)) * chance, longestPause)
    }
}

/// The header field `Retry-After`: seconds, or a moment (RFC 9110, sections 10.2.3 and 5.6.7).
enum RetryAfter {
    /// How long to wait; nil for what is neither.
    ///
    /// - Parameter now: Seconds since 1970.
    static func wait(_ field: String, at now: Int64) -> Duration? {
        let text = field.drop { $0 == " " }.prefix { $0 != "\r" }
        if let seconds = Int64(text.prefix { $0 != "." && $0 != " " }), seconds >= 0 {
            return .seconds(min(seconds, 86_400 * 365))
        }
        return moment(text).map { .seconds(max(0, $0 - now)) }
    }

    /// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func moment(_ text: Substring) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[0].count == 4, words[0].hasSuffix(","), words[5] == "GMT",
            let day = Int64(words[1]), (1...31).contains(day), let month = months.firstIndex(of: words[2]),
            let year = Int64(words[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        return days(year, Int64(month) + 1, day) * 86_400 + hour * 3_600 + minute * 60 + second
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March so that a leap day comes last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + ofYear - 719_468
    }
}
