/// The agent's id of one invocation: which run of the agent gave it, and the how-manieth of that run.
///
/// Written as two hexadecimal numbers, `6650f1a2-1f`.
public struct InvocationID: Hashable, Sendable, LosslessStringConvertible {
    /// Identifies the agent's run: the second since 1970 at which it started.
    public var epoch: UInt32
    /// Counts the invocations of that run from 1.
    public var sequence: UInt64

    /// Makes an id.
    public init(epoch: UInt32, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Reads `6650f1a2-1f`: 8 and 1…16 hexadecimal digits in lower case; nil for anything else, also for `-01`.
    public init?(utf8 text: Span<UInt8>) {
        guard (10...Self.maximumLength).contains(text.count) else { return nil }
        var epoch: UInt32 = 0
        var sequence: UInt64 = 0
        for position in text.indices {
            let character = text[position]
            if position == 8 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = character.hexadecimalDigit else { return nil }
            if position < 8 {
                epoch = epoch << 4 | UInt32(digit)
            } else {
                // One way to write each id: no leading zero.
                if position == 9, digit == 0, text.count > 10 { return nil }
                sequence = sequence << 4 | UInt64(digit)
            }
        }
        self.init(epoch: epoch, sequence: sequence)
    }

    /// Reads `6650f1a2-1f`; nil for anything else.
    public init?(_ description: String) { self.init(utf8: description.utf8.span) }

    /// `6650f1a2-1f`.
    public var description: String {
        String(unsafeUninitializedCapacity: Self.maximumLength) { $0.baseAddress.map(write(to:)) ?? 0 }
    }

    /// The most characters that an id has.
    package static let maximumLength = 25

    /// Writes the text, without making a string, to where there is room for `maximumLength` bytes; returns its length.
    package func write(to target: UnsafeMutablePointer<UInt8>) -> Int {
        for position in 0..<8 {
            target[position] = UInt8(truncatingIfNeeded: epoch >> UInt32(28 - position * 4) & 15).hexadecimalCharacter
        }
        target[8] = UInt8(ascii: "-")
        let digits = max(1, (67 - sequence.leadingZeroBitCount) / 4)
        for position in 0..<digits {
            let shift = UInt64(4 * (digits - 1 - position))
            target[9 + position] = UInt8(truncatingIfNeeded: sequence >> shift & 15).hexadecimalCharacter
        }
        return 9 + digits
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit in lower case.
    package var hexadecimalDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// The digit for a value below 16, in lower case.
    package var hexadecimalCharacter: UInt8 { self < 10 ? UInt8(ascii: "0") + self : UInt8(ascii: "a") + self - 10 }
}
