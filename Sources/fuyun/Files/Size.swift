import ArgumentParser
import MemoryUnits

extension Bytes {
    /// Reads a size as people write it: `1073741824`, `512m`, `64MiB`, `1.5g`.
    ///
    /// All units are powers of two, as in docker's and systemd's options.
    ///
    /// - Throws: `ValidationError` that shows what was expected.
    static func size(_ text: String) throws -> Bytes {
        let digits = text.prefix { ("0"..."9").contains($0) || $0 == "." }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        let shifts: [String: Int] = ["": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40]
        let letters = ["kib", "kb", "ki", "mib", "mb", "mi", "gib", "gb", "gi", "tib", "tb", "ti"]
        let shift = shifts[unit] ?? (letters.contains(unit) ? shifts[String(unit.prefix(1))] : nil)
        guard let shift, !digits.isEmpty, digits.utf8.count <= 20 else { throw unreadable }
        if let whole = UInt64(digits) {
            let size = Bytes(whole).multiplied(by: 1 << UInt64(shift))
            guard size != .max else { throw unreadable }
            return size
        }
        guard let value = Double(digits), let size = Bytes(roundingUp: value * Double(1 << shift)) else {
            throw unreadable
        }
        return size
    }

    private static var unreadable: ValidationError {
        ValidationError("not a size; write it like 64MiB, 512m or 1073741824")
    }
}
