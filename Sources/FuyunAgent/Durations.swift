extension Duration {
    /// Whole nanoseconds, rounded towards zero.
    var wholeNanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }

    /// Whole milliseconds, rounded towards zero.
    var wholeMilliseconds: Int { Int(wholeNanoseconds / 1_000_000) }

    /// Seconds with their fraction.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
