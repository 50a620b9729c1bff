/// How long to wait after failures in a row: twice as long each time, up to a minute, and never at the same moment as the
/// other nodes that lost the same coordinator.
struct Backoff: Sendable {
    /// The longest first wait.
    static let first: Duration = .milliseconds(250)
    /// The longest wait.
    static let longest: Duration = .seconds(60)

    private(set) var failures = 0

    /// The next wait: between half of the step and the whole.
    mutating func next(_ random: inout some RandomNumberGenerator) -> Duration {
        let step = min(Self.first * (1 << min(failures, 16)), Self.longest)
        failures += 1
        return step * Double.random(in: 0.5...1, using: &random)
    }

    /// The next wait, by the system's random numbers.
    mutating func next() -> Duration {
        var random = SystemRandomNumberGenerator()
        return next(&random)
    }

    /// It worked.
    mutating func reset() { failures = 0 }
}

/// How many records to send while one that the coordinator refuses is looked for.
///
/// A refused request is sent again halved, until the bad record stands alone and can be left out. What is known of the
/// bad one's place is kept over the halves that are taken, so that a batch of `n` costs about 2·log₂ n requests.
struct Isolation: Sendable, Equatable {
    /// The most records in a request.
    let most: Int
    /// The next so many records hold one that was refused; nil when none is known.
    private var suspects: Int?

    init(most: Int) { self.most = max(most, 1) }

    /// How many records to send next.
    var size: Int { suspects.map { max($0 / 2, 1) } ?? most }

    /// So many records were taken.
    mutating func accepted(_ count: Int) {
        guard let left = suspects else { return }
        suspects = left > count ? left - count : nil
    }

    /// So many records were refused; true when it was one, which must be left out.
    mutating func refused(_ count: Int) -> Bool {
        suspects = count > 1 ? count : nil
        return count == 1
    }
}
