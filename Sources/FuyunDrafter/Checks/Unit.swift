/// A unit that a variable may have; the words are those of the answer's schema.
enum Unit: String, CaseIterable {
    case bytes = "B"
    case kilobytes = "kB"
    case kibibytes = "KiB"
    case megabytes = "MB"
    case mebibytes = "MiB"
    case gigabytes = "GB"
    case gibibytes = "GiB"
    case pixels = "px"
    case pixelArea = "px^2"
    case seconds = "s"
    case milliseconds = "ms"
    case minutes = "min"
    case hours = "h"
    case perSecond = "1/s"
    case bytesPerSecond = "B/s"
    case count
    case ratio

    /// What is measured: powers of a byte, a pixel's edge and a second.
    var dimension: Dimension {
        switch self {
        case .bytes: Dimension(bytes: 1)
        case .kilobytes: Dimension(bytes: 1, scale: 1e3)
        case .kibibytes: Dimension(bytes: 1, scale: 1024)
        case .megabytes: Dimension(bytes: 1, scale: 1e6)
        case .mebibytes: Dimension(bytes: 1, scale: 1_048_576)
        case .gigabytes: Dimension(bytes: 1, scale: 1e9)
        case .gibibytes: Dimension(bytes: 1, scale: 1_073_741_824)
        case .pixels: Dimension(pixels: 1)
        case .pixelArea: Dimension(pixels: 2)
        case .seconds: Dimension(seconds: 1)
        case .milliseconds: Dimension(seconds: 1, scale: 1e-3)
        case .minutes: Dimension(seconds: 1, scale: 60)
        case .hours: Dimension(seconds: 1, scale: 3600)
        case .perSecond: Dimension(seconds: -1)
        case .bytesPerSecond: Dimension(bytes: 1, seconds: -1)
        case .count, .ratio: Dimension()
        }
    }

    /// The units that a variable's name speaks of: `duration_ms`, `input_bytes`; nil when it speaks of none.
    static func named(by name: String) -> [Unit]? {
        guard let word = name.lowercased().split(separator: "_").last, word.count < name.count else { return nil }
        return switch word {
        case "ms", "millis", "milliseconds": [.milliseconds]
        case "s", "sec", "secs", "seconds": [.seconds]
        case "minutes": [.minutes]
        case "hours": [.hours]
        case "bytes": [.bytes]
        case "kb", "kib": [.kilobytes, .kibibytes]
        case "mb", "mib": [.megabytes, .mebibytes]
        case "gb", "gib": [.gigabytes, .gibibytes]
        case "px": [.pixels]
        case "fps": [.perSecond]
        default: nil
        }
    }
}

/// What an expression measures.
struct Dimension: Equatable {
    var bytes = 0.0
    var pixels = 0.0
    var seconds = 0.0
    /// How many base units one of these is; nil once a number was multiplied in, which may have converted it.
    var scale: Double? = 1

    func hasSamePowers(as other: Dimension) -> Bool {
        bytes == other.bytes && pixels == other.pixels && seconds == other.seconds
    }

    func multiplied(by other: Dimension, power: Double = 1) -> Dimension {
        var scale: Double?
        if let left = self.scale, let right = other.scale { scale = power < 0 ? left / right : left * right }
        return Dimension(
            bytes: bytes + power * other.bytes,
            pixels: pixels + power * other.pixels,
            seconds: seconds + power * other.seconds,
            scale: scale
        )
    }

    func raised(to power: Double) -> Dimension {
        Dimension(
            bytes: bytes * power,
            pixels: pixels * power,
            seconds: seconds * power,
            scale: scale == 1 ? 1 : nil
        )
    }

    var withoutScale: Dimension {
        var copy = self
        copy.scale = nil
        return copy
    }

    /// In words, for messages.
    var words: String {
        let parts = [("B", bytes), ("px", pixels), ("s", seconds)].filter { $0.1 != 0 }.map { name, power in
            power == 1 ? name : "\(name)^\(number(power))"
        }
        let unit = parts.isEmpty ? "a plain number" : parts.joined(separator: "·")
        guard let scale, scale != 1 else { return unit }
        return "\(number(scale)) × \(unit)"
    }
}
