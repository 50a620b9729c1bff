extension JSONValue {
    /// The value as JSON text, in a form that depends on nothing but the value: members in their order, numbers as short as
    /// they can be read back, UTF-8 unescaped.
    ///
    /// - Parameter pretty: Two blanks a level, small inner values on one line, a newline at the end; else no blanks at all.
    public func encoded(pretty: Bool = true) -> [UInt8] {
        var text = ""
        if pretty {
            write(level: 0, used: 0, to: &text)
            text += "\n"
        } else {
            writeLine(comma: ",", colon: ":", to: &text)
        }
        return Array(text.utf8)
    }

    private static let lineWidth = 100

    private func write(level: Int, used: Int, to text: inout String) {
        let children: Int
        switch content {
        case .array(let elements): children = elements.count
        case .object(let members): children = members.count
        default: children = 0
        }
        // The document and its sections always spread over lines; deeper values do so when they have to.
        var line = ""
        writeLine(comma: ", ", colon: ": ", to: &line)
        if children == 0 || (level >= 2 && level * 2 + used + line.utf8.count <= Self.lineWidth) {
            text += line
            return
        }
        let indentation = String(repeating: "  ", count: level + 1)
        let isObject = if case .object = content { true } else { false }
        text += isObject ? "{" : "["
        switch content {
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                text += (index == 0 ? "\n" : ",\n") + indentation
                element.write(level: level + 1, used: 1, to: &text)
            }
        case .object(let members):
            for (index, member) in members.enumerated() {
                let key = escaped(member.key) + ": "
                text += (index == 0 ? "\n" : ",\n") + indentation + key
                member.value.write(level: level + 1, used: key.utf8.count + 1, to: &text)
            }
        default: break
        }
        text += "\n" + String(repeating: "  ", count: level) + (isObject ? "}" : "]")
    }

    private func writeLine(comma: String, colon: String, to text: inout String) {
        switch content {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let value): text += decimal(value)
        case .string(let value): text += escaped(value)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += comma }
                element.writeLine(comma: comma, colon: colon, to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += comma }
                text += escaped(member.key) + colon
                member.value.writeLine(comma: comma, colon: colon, to: &text)
            }
            text += "}"
        }
    }
}

/// A number as JSON and people write it: whole numbers without a fraction up to 2^53, else the shortest text that reads
/// back as the same double.
func decimal(_ value: Double) -> String {
    if let whole = Int64(exactly: value), whole.magnitude <= 1 << 53 { return String(whole) }
    return value.description
}

private func escaped(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case "\u{0}"..<" ":
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// A text in double quotes for a message, cut to what a person reads.
func quoted(_ text: String) -> String {
    let limit = 60
    guard text.unicodeScalars.count > limit else { return escaped(text) }
    return escaped(String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))) + "…")
}
