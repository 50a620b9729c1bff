/// Comma-separated values as RFC 4180 has them (https://www.rfc-editor.org/rfc/rfc4180), record by record: as much memory as
/// one record takes.
///
/// Strict: a quote inside a bare field, text after a closing quote and a field that is never closed are errors. Lines end
/// with CR LF or LF; a byte order mark is passed over, and so are empty lines.
struct CSVReader: ~Copyable {
    /// The most bytes of a record.
    static let maximumRecord = 1 << 20
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private var input: InputBytes
    private var hasMark = false
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var nextLine = 1
    /// The line on which the record begins, from 1.
    private(set) var line = 1

    /// Opens a file.
    init(_ path: String) throws(TraceError) {
        var input = try InputBytes(path)
        let first = try input.peek()
        self.input = input
        hasMark = first == Self.mark[0]
    }

    /// How many fields the record has.
    var count: Int { ends.count }

    /// A field of the record, as it is without its quotes.
    subscript(field: Int) -> ArraySlice<UInt8> { bytes[(field == 0 ? 0 : ends[field - 1])..<ends[field]] }

    /// A field of the record as text.
    func text(_ field: Int) -> String { String(decoding: self[field], as: UTF8.self) }

    /// Reads the next record; false at the end of the file.
    mutating func next() throws(TraceError) -> Bool {
        if hasMark { try passMark() }
        repeat {
            line = nextLine
            bytes.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
            guard try input.peek() != nil else { return false }
            try record()
        } while ends.count == 1 && bytes.isEmpty
        return true
    }

    private mutating func passMark() throws(TraceError) {
        hasMark = false
        for byte in Self.mark {
            guard try input.next() == byte else { throw error("the text is not UTF-8") }
        }
    }

    private mutating func record() throws(TraceError) {
        while true {
            if try input.peek() == UInt8(ascii: "\"") {
                _ = try input.next()
                try quoted()
            } else {
                try bare()
            }
            ends.append(bytes.count)
            switch try input.next() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "\r"):
                guard try input.next() == UInt8(ascii: "\n") else {
                    throw error("a carriage return stands alone; lines end with CR LF or LF", field: ends.count)
                }
                nextLine += 1
                return
            case UInt8(ascii: "\n"):
                nextLine += 1
                return
            case nil: return
            default:
                throw error(
                    "there is text after the closing quote; a quote inside a field is written twice",
                    field: ends.count
                )
            }
        }
    }

    private mutating func bare() throws(TraceError) {
        while let byte = try input.peek() {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n"): return
            case UInt8(ascii: "\""): throw error("a quote inside a field that does not begin with one")
            default: try append(byte)
            }
            _ = try input.next()
        }
    }

    private mutating func quoted() throws(TraceError) {
        while let byte = try input.next() {
            if byte == UInt8(ascii: "\"") {
                guard try input.peek() == UInt8(ascii: "\"") else { return }
                _ = try input.next()
            } else if byte == UInt8(ascii: "\n") {
                nextLine += 1
            }
            try append(byte)
        }
        throw error("the field's quote is never closed")
    }

    @inline(__always)
    private mutating func append(_ byte: UInt8) throws(TraceError) {
        guard bytes.count < Self.maximumRecord else {
            throw error("the record is longer than \(Self.maximumRecord) bytes")
        }
        bytes.append(byte)
    }

    /// An error in a field, from 1; nil: in the one that is being read.
    private func error(_ problem: String, field: Int? = nil) -> TraceError {
        TraceError(path: input.path, line: line, column: field ?? ends.count + 1, problem)
    }
}
