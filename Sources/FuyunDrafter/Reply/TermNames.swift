/// Makes names of terms out of what a model calls them.
///
/// A term's name is a key of the policy document and follows the rule of all names there: letters, digits and
/// underscores. Models call terms `kept frames` or `look-ahead`, and nothing refers to a term but its own law, so that
/// another name costs nothing, while asking again costs a question.
struct TermNames {
    /// The longest name that a document may hold.
    private static let maximum = 64

    /// What each term was called in the answer, and its name, in order.
    private(set) var given: [(called: String, name: String)] = []

    /// What came of a name.
    enum Outcome: Equatable {
        /// The name to use; `other` is what another term is called that comes to the same.
        case name(String, other: String?)
        /// Another term is called just the same, or the name is the base's.
        case taken
    }

    /// Takes what a term is called.
    mutating func take(_ called: String) -> Outcome {
        guard called != "base", !given.contains(where: { $0.called == called }) else { return .taken }
        let wanted = Self.normalized(called)
        var name = wanted
        var number = 1
        while name == "base" || given.contains(where: { $0.name == name }) {
            number += 1
            let ending = "_\(number)"
            name = wanted.prefix(Self.maximum - ending.utf8.count) + ending
        }
        let other = name == wanted ? nil : given.first { $0.name == wanted }?.called
        given.append((called, name))
        return .name(name, other: other)
    }

    /// The name with an underscore for every run of other characters, with a letter or an underscore first.
    static func normalized(_ called: String) -> String {
        var name: [UInt8] = []
        for byte in called.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                name.append(byte)
            default:
                if !name.isEmpty, name.last != UInt8(ascii: "_") { name.append(UInt8(ascii: "_")) }
            }
        }
        // An underscore that stands for what came last says nothing.
        if name.last == UInt8(ascii: "_"), called.utf8.last != UInt8(ascii: "_") { name.removeLast() }
        guard let first = name.first else { return "term" }
        let isDigit = first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9")
        return String(decoding: ((isDigit ? [UInt8(ascii: "_")] : []) + name).prefix(maximum), as: UTF8.self)
    }
}
