/// Which names of members are kept in a shape.
///
/// A name that a programmer chose says what a payload is made of; one that a caller chose (an id, an address, a file, a
/// text) is a value. They are told apart by how they are written; what cannot be told apart so, a map from people's
/// names for instance, is found by its many different members (`PayloadShape.merge(_:)`).
enum MemberName {
    /// What stands for a name that is not kept, and for an element of an array.
    static let any = "*"
    /// The longest name that is kept, in bytes.
    static let maximumLength = 40

    /// Whether a name reads like an identifier: letters, few digits, `_`, `-`, `$` and `:`; not a number, an id, a digest,
    /// a token, an address, a file or a text.
    static func isKept(_ name: String) -> Bool {
        let bytes = name.utf8
        guard (1...maximumLength).contains(bytes.count), name != any else { return false }
        var digits = 0
        var letters = 0
        var hexLetters = 0
        for scalar in name.unicodeScalars {
            switch scalar {
            case "0"..."9": digits += 1
            case "_", "-", "$", ":": break
            case "a"..."f", "A"..."F":
                letters += 1
                hexLetters += 1
            case "g"..."z", "G"..."Z": letters += 1
            default:
                guard scalar.value > 0x7F, scalar.properties.isAlphabetic else { return false }
                letters += 1
            }
        }
        guard letters > 0, digits < 4, bytes.first?.isDigit != true else { return false }
        // A digest or an id in base 16, its dashes not counted; `deadbeef` may be a word.
        if letters == hexLetters, letters + digits >= (digits == 0 ? 16 : 8) { return false }
        if bytes.count > 24, digits > 0 { return false }
        return !isToken(bytes)
    }

    /// Whether a long name changes between small and capital letters or digits as no word does: random characters.
    private static func isToken(_ name: String.UTF8View) -> Bool {
        guard name.count >= 12 else { return false }
        var parts = 0
        var last: Character = " "
        for byte in name {
            let kind: Character = byte.isDigit ? "0" : byte.isLetter ? (byte & 0x20 == 0 ? "A" : "a") : " "
            // A word begins where letters begin, and where a capital follows a small letter or a digit.
            if kind != last, kind != " ", !(last == "A" && kind == "a") { parts += 1 }
            last = kind
        }
        return name.count < parts * 3
    }
}
