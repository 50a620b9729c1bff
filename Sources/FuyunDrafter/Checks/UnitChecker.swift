/// Follows the units of variables through an expression: what is added or compared must measure the same.
///
/// A number written out fits everything, since it may be of any unit. The expression must have been compiled before, which
/// bounds its length and nesting.
struct UnitChecker {
    /// The units by variable.
    let units: [String: Dimension]
    private var tokens: [Substring] = []
    private var index = 0
    private var problem: String?

    init(units: [String: Dimension]) { self.units = units }

    /// What is wrong with the units, nil when nothing is.
    func problem(in expression: String) -> String? {
        var copy = self
        copy.tokens = Self.tokens(of: expression)
        _ = copy.sum()
        return copy.problem
    }

    /// The names in an expression, functions included.
    static func names(in expression: String) -> Set<String> {
        Set(tokens(of: expression).filter { $0.first?.isLetter == true || $0.first == "_" }.map(String.init))
    }

    private static func tokens(of text: String) -> [Substring] {
        var tokens: [Substring] = []
        var rest = text[...]
        while let first = rest.first {
            var end = rest.index(after: rest.startIndex)
            if first.isLetter || first == "_" {
                end = rest.firstIndex { !($0.isLetter || $0.isNumber || $0 == "_") } ?? rest.endIndex
            } else if first.isNumber || first == "." {
                var last: Character = first
                while end < rest.endIndex {
                    let next = rest[end]
                    let isSign = (next == "+" || next == "-") && (last == "e" || last == "E")
                    guard next.isNumber || next == "." || next == "e" || next == "E" || isSign else { break }
                    last = next
                    end = rest.index(after: end)
                }
            }
            if !first.isWhitespace { tokens.append(rest[..<end]) }
            rest = rest[end...]
        }
        return tokens
    }

    // MARK: Grammar; nil stands for a number, which fits everything

    private var token: Substring? { index < tokens.count ? tokens[index] : nil }

    private mutating func take(_ words: Substring...) -> Substring? {
        guard let token, words.contains(token) else { return nil }
        index += 1
        return token
    }

    private mutating func sum() -> Dimension? {
        var left = product()
        while let sign = take("+", "-") { left = same(left, product(), "the sides of \"\(sign)\"") }
        return left
    }

    private mutating func product() -> Dimension? {
        var left = signed()
        while let sign = take("*", "/") {
            let right = signed()
            switch (left, right) {
            case (nil, nil): left = nil
            case (let value?, nil): left = value.withoutScale
            case (nil, let value?): left = sign == "*" ? value.withoutScale : value.raised(to: -1).withoutScale
            case (let first?, let second?): left = first.multiplied(by: second, power: sign == "*" ? 1 : -1)
            }
        }
        return left
    }

    private mutating func signed() -> Dimension? {
        if take("-", "+") != nil { return signed() }
        let base = primary()
        guard take("^") != nil else { return base }
        let isNumber = token.flatMap { Double($0) }
        let exponent = signed()
        if let exponent, !exponent.hasSamePowers(as: Dimension()) {
            complain("an exponent is \(exponent.words), expected a plain number")
        }
        guard let base else { return nil }
        if let isNumber { return base.raised(to: isNumber) }
        return base.hasSamePowers(as: Dimension()) ? base : nil
    }

    private mutating func primary() -> Dimension? {
        guard let token else { return nil }
        index += 1
        if token == "(" {
            let inner = sum()
            _ = take(")")
            return inner
        }
        guard take("(") != nil else { return units[String(token)] }
        var result = sum()
        while take(",") != nil { result = same(result, sum(), "the arguments of \(token)") }
        _ = take(")")
        return switch token {
        case "sqrt": result?.raised(to: 0.5)
        case "log": result == nil ? nil : Dimension(scale: nil)
        default: result
        }
    }

    private mutating func same(_ left: Dimension?, _ right: Dimension?, _ place: String) -> Dimension? {
        guard let left, let right else {
            // A plain number next to milliseconds × 1/s is likely meant for seconds × 1/s.
            if let only = left ?? right, only.hasSamePowers(as: Dimension()), let scale = only.scale, scale != 1 {
                complain(
                    "\(place) compare \(only.words) with a number; convert the units first, or multiply by their ratio"
                )
            }
            return left ?? right
        }
        if !left.hasSamePowers(as: right) {
            complain("\(place) measure different things: \(left.words) and \(right.words)")
        } else if let first = left.scale, let second = right.scale, first != second {
            complain("\(place) are in different units: \(left.words) and \(right.words)")
        }
        return left
    }

    private mutating func complain(_ text: String) { problem = problem ?? text }
}
