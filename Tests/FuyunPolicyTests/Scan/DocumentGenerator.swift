/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }
}

/// Writes random JSON documents, and gathers the pointers to everything in them.
struct DocumentGenerator {
    private(set) var text: [UInt8] = []
    /// A pointer to each value.
    private(set) var pointers: [String] = []
    private var random: SplitMix

    /// A document for a seed.
    init(seed: UInt64) {
        random = SplitMix(seed: seed)
        space()
        value(at: "", depth: 0)
        space()
    }

    private mutating func value(at pointer: String, depth: Int) {
        pointers.append(pointer)
        switch random.below(depth == 0 ? 6 : depth < 5 ? 12 : 8) {
        case 0...2 where depth < 5: object(at: pointer, depth)
        case 3...4 where depth < 5: array(at: pointer, depth)
        case 0...6: number()
        case 7...10: string(random.below(8) == 0 ? random.below(300) : random.below(12))
        default: add(random.pick(["true", "false", "null"]))
        }
    }

    private mutating func object(at pointer: String, _ depth: Int) {
        add("{")
        space()
        var keys: Set<String> = []
        for _ in 0..<random.below(6) {
            let key = random.pick(["a", "b", "width", "0", "1", "k/e", "~", "", "ключ", "q\"", "\\", "😀", "n\n"])
            guard keys.insert(key).inserted else { continue }
            if keys.count > 1 { comma() }
            text.append(UInt8(ascii: "\""))
            for scalar in key.unicodeScalars { append(scalar) }
            text.append(UInt8(ascii: "\""))
            space()
            add(":")
            space()
            let token = key.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
                .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
            value(at: "\(pointer)/\(token)", depth: depth + 1)
            space()
        }
        add("}")
    }

    private mutating func array(at pointer: String, _ depth: Int) {
        add("[")
        space()
        for index in 0..<random.below(6) {
            if index > 0 { comma() }
            value(at: "\(pointer)/\(index)", depth: depth + 1)
            space()
        }
        add("]")
    }

    private mutating func number() {
        var number = random.pick(["", "-"])
        number += random.pick(["0", digits(1, leadingZero: false), digits(9, leadingZero: false)])
        if random.below(2) == 0 { number += "." + digits(random.pick([1, 3, 17]), leadingZero: true) }
        if random.below(4) == 0 {
            number += random.pick(["e", "E"]) + random.pick(["", "+", "-"]) + digits(2, leadingZero: true)
        }
        add(number)
    }

    private mutating func digits(_ most: Int, leadingZero: Bool) -> String {
        let count = 1 + random.below(most)
        return (0..<count).map { "\($0 == 0 && !leadingZero ? 1 + random.below(9) : random.below(10))" }.joined()
    }

    private mutating func string(_ count: Int) {
        let letters = "abcdefghijklmnopqrstuvwxyz0123456789{}[]:, \"\\/\u{8}\u{c}\n\r\té€😀\u{0}\u{7f}"
        let scalars = Array(letters.unicodeScalars)
        text.append(UInt8(ascii: "\""))
        for _ in 0..<count { append(random.pick(scalars)) }
        text.append(UInt8(ascii: "\""))
    }

    /// Appends a scalar of a string, in one of the forms that JSON has for it.
    private mutating func append(_ scalar: Unicode.Scalar) {
        let short: [Unicode.Scalar: String] = [
            "\"": "\\\"", "\\": "\\\\", "/": "\\/", "\u{8}": "\\b", "\u{c}": "\\f", "\n": "\\n", "\r": "\\r",
            "\t": "\\t",
        ]
        let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
        if let form = short[scalar], mustEscape ? random.below(2) == 0 : random.below(4) == 0 {
            add(form)
        } else if mustEscape || random.below(16) == 0 {
            for unit in String(scalar).utf16 {
                let hex = String(unit, radix: 16, uppercase: random.below(2) == 0)
                add("\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
            }
        } else {
            add(String(scalar))
        }
    }

    private mutating func comma() {
        add(",")
        space()
    }

    private mutating func space() {
        guard random.below(8) == 0 else { return }
        for _ in 0..<(1 + random.below(4)) { add(random.pick([" ", "\n", "\t", "\r"])) }
    }

    private mutating func add(_ piece: String) { text += Array(piece.utf8) }
}
