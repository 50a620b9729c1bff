import Logging

/// One field of a journal entry.
struct JournalField: Hashable, Sendable {
    var name: String
    var value: String
}

/// How a log event becomes the fields of a journal entry: pure, and bounded in every direction.
enum JournalFields {
    /// journald refuses longer names.
    static let longestName = 64
    /// The longest value in bytes; longer ones are cut.
    static let longestValue = 4096
    /// The longest MESSAGE in bytes; longer ones are cut.
    static let longestMessage = 8192
    /// The most metadata fields of an entry; the rest is left out.
    static let mostFields = 64
    /// How deep dictionaries and arrays are unfolded; what is deeper becomes text.
    static let deepest = 4

    /// All fields of an entry.
    ///
    /// MESSAGE has the message and the metadata as `key=value`, because it is all that journalctl shows; each metadata
    /// value is a field too, so that `journalctl FUYUN_FUNCTION=guest/f` finds it.
    static func fields(
        for event: LogEvent,
        metadata: Logger.Metadata,
        label: String,
        identifier: String,
        prefix: String
    ) -> [JournalField] {
        let pairs = flattened(metadata)
        var message = event.message.description
        let values = keyValues(pairs)
        if !values.isEmpty { message += " " + values }
        var fields = [
            JournalField(name: "MESSAGE", value: cut(message, to: longestMessage)),
            JournalField(name: "PRIORITY", value: priority(event.level)),
            JournalField(name: "SYSLOG_IDENTIFIER", value: identifier),
            JournalField(name: "CODE_FILE", value: event.file),
            JournalField(name: "CODE_LINE", value: String(event.line)),
            JournalField(name: "CODE_FUNC", value: event.function),
            JournalField(name: fieldName("logger_label", prefix: prefix), value: label),
        ]
        for (key, value) in pairs {
            fields.append(JournalField(name: fieldName(key, prefix: prefix), value: cut(value, to: longestValue)))
        }
        return fields
    }

    /// Makes a valid field name of a metadata key.
    ///
    /// Valid are A-Z, 0-9 and `_`, at most 64 characters; the prefix sees to it that neither a digit nor `_`, which
    /// journald keeps for itself, comes first. A change from lower to upper case begins a new word: `limitBytes`
    /// becomes `FUYUN_LIMIT_BYTES`.
    static func fieldName(_ key: String, prefix: String) -> String {
        var name = Array(prefix.utf8)
        var previous: UInt8?
        for byte in key.utf8 {
            if name.count == longestName { break }
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"):
                name.append(byte - 32)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                let beginsWord = previous.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 } ?? false
                if beginsWord, name.count < longestName - 1 { name.append(UInt8(ascii: "_")) }
                name.append(byte)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                name.append(byte)
            default:
                // One underscore for any run of other bytes.
                if name.last != UInt8(ascii: "_") { name.append(UInt8(ascii: "_")) }
            }
            previous = byte
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// syslog's number of a level.
    static func priority(_ level: Logger.Level) -> String {
        switch level {
        case .critical: "2"
        case .error: "3"
        case .warning: "4"
        case .notice: "5"
        case .info: "6"
        case .debug, .trace: "7"
        }
    }

    /// Unfolds nested metadata into pairs with dotted keys, sorted by key at each level.
    static func flattened(_ metadata: Logger.Metadata) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            append(key, value, depth: 1, to: &pairs)
        }
        return pairs
    }

    private static func append(
        _ key: String,
        _ value: Logger.MetadataValue,
        depth: Int,
        to pairs: inout [(key: String, value: String)]
    ) {
        guard pairs.count < mostFields else { return }
        switch value {
        case .dictionary(let inner) where depth < deepest:
            for (name, value) in inner.sorted(by: { $0.key < $1.key }) {
                append("\(key).\(name)", value, depth: depth + 1, to: &pairs)
            }
        case .array(let inner) where depth < deepest:
            for (index, value) in inner.enumerated() {
                guard pairs.count < mostFields else { return }
                append("\(key).\(index)", value, depth: depth + 1, to: &pairs)
            }
        case .string, .stringConvertible, .dictionary, .array:
            pairs.append((key, value.description))
        }
    }

    /// The pairs as `key=value key="two words"`, without control characters.
    static func keyValues(_ pairs: [(key: String, value: String)]) -> String {
        pairs.map { "\($0.key)=\(quotedIfNeeded(cut($0.value, to: 512)))" }.joined(separator: " ")
    }

    /// A value that can stand in a line of `key=value` pairs: in quotes when it has blanks, quotes, `=` or nothing in
    /// it, and with control characters escaped, so that no value can forge a line.
    static func quotedIfNeeded(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy {
            $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
        }
        if isPlain, !value.isEmpty { return value }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                text += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    /// The longest beginning of a text that fits, cut between characters of Unicode, with a mark that says so.
    static func cut(_ text: String, to length: Int) -> String {
        guard text.utf8.count > length else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: length - 3)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end] + "…"
    }

    /// The entry in journald's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): `NAME=value` lines, or,
    /// for a value with line breaks, the name, its length as 64-bit little endian, and the value as it is.
    static func encoded(_ fields: [JournalField]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 10 })
        for field in fields {
            bytes.append(contentsOf: field.name.utf8)
            if field.value.utf8.contains(UInt8(ascii: "\n")) {
                bytes.append(UInt8(ascii: "\n"))
                withUnsafeBytes(of: UInt64(field.value.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
            } else {
                bytes.append(UInt8(ascii: "="))
            }
            bytes.append(contentsOf: field.value.utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }
}
