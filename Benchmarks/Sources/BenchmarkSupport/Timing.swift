/// Times a body again and again, and returns the median duration of one run.
///
/// - Parameters:
///   - rounds: How many measurements the median is taken of.
///   - runs: How often the body runs in each.
public func medianTime(rounds: Int = 15, runs: Int, _ body: () -> Void) -> Duration {
    let clock = ContinuousClock()
    body()
    let times = (0..<rounds).map { _ in
        clock.measure { for _ in 0..<runs { body() } } / runs
    }
    return times.sorted()[rounds / 2]
}

extension Duration {
    /// The duration in seconds.
    public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
