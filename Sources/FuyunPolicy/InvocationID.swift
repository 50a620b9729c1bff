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
    public init?(utf8 text: some Collection<UInt8>) {
        guard (10...25).contains(text.count) else { return nil }
        var epoch: UInt32 = 0
        var sequence: UInt64 = 0
        for (position, character) in text.enumerated() {
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
    public init?(_ description: String) { self.init(utf8: description.utf8) }

    /// `6650f1a2-1f`.
    public var description: String {
        String(unsafeUninitializedCapacity: 25) { target in
            var count = 0
            write { character in
                target[count] = character
                count += 1
            }
            return count
        }
    }

    /// Gives the text's bytes one after the other, without making a string.
    public func write(_ put: (UInt8) -> Void) {
        for shift in stride(from: 28, through: 0, by: -4) {
            put(UInt8(truncatingIfNeeded: epoch >> UInt32(shift) & 15).hexadecimalCharacter)
        }
        put(UInt8(ascii: "-"))
        let significant = max(4, 64 - sequence.leadingZeroBitCount)
        for shift in stride(from: (significant + 3) / 4 * 4 - 4, through: 0, by: -4) {
            put(UInt8(truncatingIfNeeded: sequence >> UInt64(shift) & 15).hexadecimalCharacter)
        }
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
