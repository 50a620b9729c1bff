/// One walk over a text that copies it and leaves secrets out.
struct SecretScanner {
    private let bytes: [UInt8]
    private let form: SecretForm
    private var index = 0
    private var lastSign: UInt8 = 0
    private(set) var output: [UInt8] = []
    private(set) var count = 0

    /// The longest value that is masked as one.
    private static let longestValue = 8192
    /// The longest key in PEM that is looked for an end of.
    private static let longestKey = 32 << 10

    init(_ bytes: [UInt8], form: SecretForm) {
        self.bytes = bytes
        self.form = form
        output.reserveCapacity(bytes.count)
    }

    mutating func run() {
        while index < bytes.count {
            let byte = bytes[index]
            let isStart = index == 0 || !bytes[index - 1].isWord
            if byte == UInt8(ascii: "-"), starts("-----BEGIN "), takeKey() { continue }
            if byte == UInt8(ascii: ":"), starts("://"), takeAddress() { continue }
            if byte.isQuote, takeRandom() { continue }
            if isStart, byte.isDigit, takeBotToken() { continue }
            if isStart, byte.isWord || byte == UInt8(ascii: "-"), takeToken() || takeJWT() || takeName() { continue }
            copy(1)
        }
    }

    // MARK: Moving

    private mutating func copy(_ count: Int) {
        for byte in bytes[index..<min(index + count, bytes.count)] {
            output.append(byte)
            if !byte.isBlank { lastSign = byte }
        }
        index = min(index + count, bytes.count)
    }

    private mutating func mask(_ kind: String, upTo end: Int) {
        output += Array("[secret \(kind)]".utf8)
        lastSign = UInt8(ascii: "]")
        count += 1
        index = end
    }

    private func starts(_ text: StaticString, at place: Int? = nil) -> Bool {
        text.withUTF8Buffer { bytes[min(place ?? index, bytes.count)...].starts(with: $0) }
    }

    private func end(from start: Int, limit: Int, while accepts: (UInt8) -> Bool) -> Int {
        var end = start
        let last = min(bytes.count, start + limit)
        while end < last, accepts(bytes[end]) { end += 1 }
        return end
    }

    // MARK: Kinds

    /// `-----BEGIN … PRIVATE KEY-----` up to its end, also when the lines are in a string with `\n`.
    private mutating func takeKey() -> Bool {
        let title = end(from: index + 11, limit: 64) { $0.isUpper || $0.isDigit || $0 == UInt8(ascii: " ") }
        let words = String(decoding: bytes[index + 11..<title], as: UTF8.self)
        guard words.contains("PRIVATE KEY"), starts("-----", at: title) else { return false }
        let last = min(bytes.count, title + Self.longestKey)
        var place = title + 5
        while place < last {
            if bytes[place] == UInt8(ascii: "-"), starts("-----END ", at: place) {
                let tail = end(from: place + 9, limit: 64) { $0.isUpper || $0.isDigit || $0 == UInt8(ascii: " ") }
                mask("private_key", upTo: end(from: tail, limit: 5) { $0 == UInt8(ascii: "-") })
                return true
            }
            place += 1
        }
        mask("private_key", upTo: last)
        return true
    }

    /// A password in an address, or an address that is a secret itself.
    private mutating func takeAddress() -> Bool {
        let start = index + 3
        for hook in SecretAddress.hooks where bytes[min(start, bytes.count)...].starts(with: hook.text) {
            let secret = start + hook.text.count
            let stop = end(from: secret, limit: 512) {
                $0.isToken || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":")
            }
            guard stop > secret + 8 else { return false }
            copy(3 + hook.text.count)
            mask(hook.kind, upTo: stop)
            return true
        }
        var colon: Int?
        var place = start
        let last = min(bytes.count, start + 512)
        while place < last {
            let byte = bytes[place]
            if byte.isBlank || byte.isNewline || byte.isQuote || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?")
                || byte == UInt8(ascii: "<") || byte == UInt8(ascii: "#")
            {
                return false
            }
            if byte == UInt8(ascii: ":"), colon == nil { colon = place }
            if byte == UInt8(ascii: "@") {
                guard let colon, place > colon + 1, !isPlaceholder(bytes[(colon + 1)..<place]) else { return false }
                copy(colon + 1 - index)
                mask("url_password", upTo: place)
                return true
            }
            place += 1
        }
        return false
    }

    private mutating func takeToken() -> Bool {
        guard let forms = SecretToken.byFirst[bytes[index]] else { return takeDotted() }
        for form in forms where bytes[index...].starts(with: form.prefix) {
            let start = index + form.prefix.count
            let stop = end(from: start, limit: form.length.upperBound + 1, while: form.accepts)
            guard form.length.contains(stop - start) else { continue }
            // A word that goes on is none of this form.
            if stop < bytes.count, bytes[stop].isWord { continue }
            mask(form.kind, upTo: stop)
            return true
        }
        return takeDotted()
    }

    /// `SG.….…`, SendGrid's form.
    private mutating func takeDotted() -> Bool {
        guard starts("SG.") else { return false }
        let dot = end(from: index + 3, limit: 64) { $0.isToken }
        guard dot - index - 3 >= 16, dot < bytes.count, bytes[dot] == UInt8(ascii: ".") else { return false }
        let stop = end(from: dot + 1, limit: 128) { $0.isToken }
        guard stop - dot > 16 else { return false }
        mask("sendgrid_key", upTo: stop)
        return true
    }

    /// `123456789:AA…`, a Telegram bot's.
    private mutating func takeBotToken() -> Bool {
        let colon = end(from: index, limit: 11) { $0.isDigit }
        guard (8...10).contains(colon - index), starts(":AA", at: colon) else { return false }
        let stop = end(from: colon + 1, limit: 64) { $0.isToken }
        guard (34...36).contains(stop - colon - 1) else { return false }
        mask("telegram_token", upTo: stop)
        return true
    }

    /// Three parts of base64 between dots, the first of which begins with `{"`.
    private mutating func takeJWT() -> Bool {
        guard starts("eyJ") else { return false }
        var stop = index
        var dots = 0
        let last = min(bytes.count, index + Self.longestValue)
        while stop < last, bytes[stop].isToken || bytes[stop] == UInt8(ascii: ".") {
            if bytes[stop] == UInt8(ascii: ".") { dots += 1 }
            stop += 1
        }
        guard dots >= 2, stop - index >= 40 else { return false }
        mask("jwt", upTo: stop)
        return true
    }

    /// A quoted text right behind `=` or `:` that looks like nothing but random characters.
    private mutating func takeRandom() -> Bool {
        guard lastSign == UInt8(ascii: "=") || lastSign == UInt8(ascii: ":") else { return false }
        let quote = bytes[index]
        let stop = end(from: index + 1, limit: 512) { $0.isBase64 && $0 != quote }
        guard stop < bytes.count, bytes[stop] == quote, Self.isRandom(bytes[(index + 1)..<stop]) else { return false }
        copy(1)
        mask("high_entropy", upTo: stop)
        return true
    }

    /// Whether characters are mixed as no word, path or number is.
    static func isRandom(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count >= 20 else { return false }
        var seen: Set<UInt8> = []
        var changes = 0
        var (digits, uppers, lowers) = (0, 0, 0)
        var last = 0
        for byte in text {
            seen.insert(byte)
            let kind = byte.isDigit ? 1 : byte.isUpper ? 2 : byte.isLower ? 3 : 4
            if byte.isDigit { digits += 1 }
            if byte.isUpper { uppers += 1 }
            if byte.isLower { lowers += 1 }
            if kind != last { changes += 1 }
            last = kind
        }
        let isHex = text.allSatisfy { $0.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0 | 0x20) }
        if isHex { return text.count >= 32 && seen.count >= 8 && digits > 4 && digits < text.count }
        guard digits >= 2, lowers >= 3, seen.count >= 12 else { return false }
        return uppers >= 2 ? changes * 4 >= text.count : changes * 3 >= text.count
    }
}

// MARK: Names and their values

extension SecretScanner {
    /// A name, and behind it what is assigned to it.
    private mutating func takeName() -> Bool {
        let start = index
        let stop = end(from: start, limit: SecretName.longest + 1) { $0.isWord || $0 == UInt8(ascii: "-") }
        guard stop - start <= SecretName.longest, stop > start else {
            copy(max(stop - start, 1))
            return true
        }
        let name = bytes[start..<stop]
        if takeScheme(name, stop) { return true }
        let isLineStart = lineStart(start)
        let isSecret = SecretName.isSecret(name)
        let isOption = name.starts(with: "--".utf8)
        copy(stop - start)
        // Behind `export` comes the name, not a value.
        let isVariable = form == .environment && isLineStart && !name.elementsEqual("export".utf8)
        guard isSecret || isVariable else { return true }
        guard let value = assignment(from: stop) else { return true }
        let kind = isSecret ? "assignment" : "environment"
        if bytes[value].isQuote {
            takeQuoted(at: value, kind)
        } else if form != .code || isOption {
            takeBare(at: value, kind)
        }
        return true
    }

    /// `Bearer …` and the like.
    private mutating func takeScheme(_ name: ArraySlice<UInt8>, _ stop: Int) -> Bool {
        let isScheme = ["bearer", "basic", "token", "negotiate", "apikey"].contains(
            String(decoding: name, as: UTF8.self).lowercased()
        )
        guard isScheme, stop < bytes.count, bytes[stop] == UInt8(ascii: " ") else { return false }
        let end = end(from: stop + 1, limit: Self.longestValue) {
            $0.isBase64 || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "~")
        }
        let text = bytes[(stop + 1)..<end]
        guard text.count >= 12, text.contains(where: \.isDigit) || text.dropFirst().contains(where: \.isUpper) else {
            return false
        }
        copy(stop + 1 - index)
        mask("authorization", upTo: end)
        return true
    }

    private func lineStart(_ place: Int) -> Bool {
        var place = place
        // `export NAME=…`
        if place >= 7, bytes[(place - 7)..<place].elementsEqual("export ".utf8) { place -= 7 }
        while place > 0, bytes[place - 1].isBlank { place -= 1 }
        return place == 0 || bytes[place - 1].isNewline
    }

    /// Where the value begins that is assigned behind a name: `": "`, `"] = "`, `: str = "`, `", "` of a default, `=`.
    private func assignment(from place: Int) -> Int? {
        var place = place
        if place < bytes.count, bytes[place].isQuote { place += 1 }
        if place < bytes.count, bytes[place] == UInt8(ascii: "]") { place += 1 }
        var signs = 0
        var blanks = 0
        while place < bytes.count {
            let byte = bytes[place]
            if byte.isBlank {
                blanks += 1
                guard blanks <= 32 else { return nil }
            } else if "=:>,!(".utf8.contains(byte), signs < 3 {
                signs += 1
            } else {
                break
            }
            place += 1
        }
        guard place < bytes.count, signs > 0 || form != .code && blanks > 0, !bytes[place].isNewline else { return nil }
        if bytes[place].isQuote { return place }
        // A letter before a quote (`b"…"`), or a type with a value behind it (`: str = "…"`).
        let word = end(from: place, limit: 40) {
            $0.isWord || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "?")
        }
        if word - place <= 2, word > place, word < bytes.count, bytes[word].isQuote { return word }
        let sign = end(from: word, limit: 4) { $0.isBlank }
        if word > place, sign < bytes.count, bytes[sign] == UInt8(ascii: "=") {
            let value = end(from: sign + 1, limit: 4) { $0.isBlank || $0 == UInt8(ascii: "=") }
            if value < bytes.count, bytes[value].isQuote { return value }
        }
        return place
    }

    private mutating func takeQuoted(at place: Int, _ kind: String) {
        let quote = bytes[place]
        // Three quotes begin a text of many lines.
        let isLong = starts("\"\"\"", at: place) || starts("'''", at: place)
        let start = place + (isLong ? 3 : 1)
        var stop = start
        let last = min(bytes.count, start + Self.longestValue)
        while stop < last, isLong || !bytes[stop].isNewline {
            if bytes[stop] == UInt8(ascii: "\\") {
                stop += 2
                continue
            }
            if bytes[stop] == quote, !isLong || bytes[stop...].starts(with: [quote, quote, quote]) { break }
            stop += 1
        }
        stop = min(stop, last)
        guard stop - start >= 3, !isPlaceholder(bytes[start..<stop]) else { return }
        // What has a form of its own is called by its own name.
        copy(start - index)
        if takeSpecial(before: stop) { return }
        mask(kind, upTo: stop)
    }

    /// A value whose form says more than its name; the rest of it goes too.
    private mutating func takeSpecial(before stop: Int) -> Bool {
        let masked = count
        if starts("-----BEGIN ") { return takeKey() }
        if takeToken() || takeJWT() || takeBotToken() {
            if index < stop { index = stop }
            return true
        }
        // An address keeps its shape: only the password in it goes.
        if let scheme = (index..<min(stop, index + 24)).first(where: { starts("://", at: $0) }) {
            copy(scheme - index)
            if takeAddress() { return true }
        }
        let word = end(from: index, limit: 12) { $0.isLetter }
        if takeScheme(bytes[index..<word], word) {
            if index < stop { index = stop }
            return true
        }
        return count > masked
    }

    private mutating func takeBare(at place: Int, _ kind: String) {
        var stop = place
        let last = min(bytes.count, place + Self.longestValue)
        while stop < last, !bytes[stop].isNewline, form == .environment || !bytes[stop].isBlank { stop += 1 }
        while stop > place, bytes[stop - 1].isBlank { stop -= 1 }
        let value = bytes[place..<stop]
        guard value.count >= 3, !isPlaceholder(value), !isPlain(value) else { return }
        copy(place - index)
        if takeSpecial(before: stop) { return }
        mask(kind, upTo: stop)
    }

    /// What stands for a value that is elsewhere: `${NAME}`, `{{ name }}`, `<your key>`, `%s`, nothing but stars or dots.
    private func isPlaceholder(_ value: ArraySlice<UInt8>) -> Bool {
        guard let first = value.first else { return true }
        if "${<%".utf8.contains(first) { return true }
        return value.allSatisfy { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "x") }
    }

    /// A small number, a truth value, nothing: no secret.
    private func isPlain(_ value: ArraySlice<UInt8>) -> Bool {
        if value.count <= 8, value.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ".") }) { return true }
        return ["true", "false", "null", "none", "yes", "off", "nil"].contains(
            String(decoding: value, as: UTF8.self).lowercased()
        )
    }
}

extension UInt8 {
    /// A letter, a digit or `_`.
    fileprivate var isWord: Bool { isLetter || isDigit || self == UInt8(ascii: "_") }
}
