import RealModule

/// Numbers as people read them, the same in every locale.
enum Numeral {
    /// So many places after the point; a dash for what is not a number.
    static func fixed(_ value: Double, _ places: Int) -> String {
        guard value.isFinite, value.magnitude < 1e14 else { return "–" }
        let factor = Double.pow(10, places)
        let scaled = Int64((value.magnitude * factor).rounded())
        let whole = scaled / Int64(factor)
        var text = value < 0 && scaled != 0 ? "−\(whole)" : "\(whole)"
        if places > 0 {
            let rest = String(scaled % Int64(factor))
            text += "." + String(repeating: "0", count: places - rest.count) + rest
        }
        return text
    }

    /// A share in per cent: two places below ten.
    static func percent(_ share: Double) -> String { fixed(share * 100, share < 0.0995 ? 2 : 1) }

    /// A number of any size in about three digits: `950`, `1.2 k`, `31 M`.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        if value == 0 { return "0" }
        let units: [(String, Double)] = [(" T", 1e12), (" G", 1e9), (" M", 1e6), (" k", 1e3)]
        let (unit, size) = units.first { value.magnitude >= $0.1 * 0.9995 } ?? ("", 1)
        let scaled = value / size
        if scaled.magnitude < 0.001 {
            let exponent = Int(Double.log10(scaled.magnitude).rounded(.down))
            return fixed(scaled / Double.pow(10, exponent), 1) + "e\(exponent)"
        }
        let places = scaled.magnitude >= 100 ? 0 : scaled.magnitude >= 10 ? 1 : scaled.magnitude >= 0.9995 ? 2 : 4
        return trimmed(fixed(scaled, places)) + unit
    }

    /// Bytes in binary units, in about three digits.
    static func bytes(_ value: Double) -> String {
        let units: [(String, Double)] = [("TiB", 0x1p40), ("GiB", 0x1p30), ("MiB", 0x1p20), ("KiB", 0x1p10)]
        guard let (unit, size) = units.first(where: { value >= $0.1 * 0.9995 }) else { return fixed(value, 0) + " B" }
        let scaled = value / size
        return trimmed(fixed(scaled, scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2)) + " " + unit
    }

    /// A whole number with narrow spaces between the thousands.
    static func count(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var place = digits.count - 3
        while place > 0 {
            digits.insert("\u{202F}", at: place)
            place -= 3
        }
        return (value < 0 ? "−" : "") + String(digits)
    }

    /// A length on the page: at most one place.
    static func length(_ value: Double) -> String { trimmed(fixed(value, 1)).replacing("−", with: "-") }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = Substring(text)
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return String(text)
    }
}

extension String {
    /// The text with what HTML and SVG would take for markup written out, and control characters left out.
    var escaped: String {
        var result = ""
        result.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\0"..."\u{8}", "\u{B}"..."\u{1F}", "\u{7F}", "\u{FFFE}", "\u{FFFF}": break
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text, cut to a number of characters.
    func cut(to count: Int) -> String { self.count > count ? String(prefix(count - 1)) + "…" : self }
}
