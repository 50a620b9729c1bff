import FuyunPolicy
import MemoryUnits

/// A policy's formula, a row for each part of it.
struct Formula {
    /// The base of a law, or one of its terms.
    struct Part: Hashable {
        /// The category value that chooses the law; empty when there is just one.
        var law: String
        /// The term's name; `base` for the base.
        var term: String
        /// The term's expression x.
        var expression: String
        /// What is made of it.
        var value: String
    }

    /// The form of its laws.
    var family: PolicyLogic.Family
    /// The category that chooses the law.
    var select: String?
    /// Its parts, in the order of the document.
    var parts: [Part]

    /// Reads a document; nil when it is not a good one.
    init?(_ document: [UInt8]) {
        guard let logic = PolicyCompiler.compile(document).document?.logic else { return nil }
        family = logic.family
        select = logic.select
        parts = logic.laws.flatMap { law in
            // An open law has no numbers yet: the preset applies.
            [Part(law: law.value ?? "", term: "base", expression: "", value: law.isOpen ? "open" : quantity(law.base))]
                + law.terms.map { term in
                    Part(
                        law: law.value ?? "",
                        term: term.name,
                        expression: term.expression,
                        value: law.isOpen ? "open" : Self.text(term.shape)
                    )
                }
        }
    }

    private static func text(_ shape: PolicyTerm.Shape) -> String {
        switch shape {
        case .linear(let coefficient): "\(significant(coefficient)) × x"
        case .piecewiseLinear(let knots): "polyline of \(knots.count) knots"
        case .power(let coefficient, let exponent): "\(significant(coefficient)) × x^\(significant(exponent))"
        case .exponential(let coefficient, let rate): "\(significant(coefficient)) × e^(\(significant(rate)) × x)"
        }
    }

    /// The formula alone, or that of a version beside another's.
    static func table(_ formula: Formula, replacing earlier: Formula?) -> Table {
        let hasLaws = formula.select != nil || earlier?.select != nil
        var table = Table(columns: [
            .words("LAW"), .name("TERM"), .words("EXPRESSION", minimum: 14), .figure(earlier == nil ? "VALUE" : "NOW"),
            .figure("PROPOSED"),
        ])
        let key = { (part: Part) in [part.law, part.term] }
        let before = Dictionary((earlier?.parts ?? []).map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(formula.parts.map(key))
        let rows =
            formula.parts.map { part in (part, before[key(part)]?.value, Optional(part.value)) }
            + (earlier?.parts ?? []).filter { !names.contains(key($0)) }.map { ($0, Optional($0.value), nil) }
        for (part, old, new) in rows {
            let value = Text(new ?? "-", old == new || earlier == nil ? .plain : .yellow)
            table.rows.append([
                Text(hasLaws ? part.law : ""), Text(part.term), Text(part.expression),
                earlier == nil ? value : Text(old ?? "-"), earlier == nil ? Text("") : value,
            ])
        }
        return table
    }
}

/// Bytes of a formula for people, with a sign.
func quantity(_ bytes: Double) -> String {
    guard let size = Bytes(roundingUp: abs(bytes)) else { return plain(bytes) }
    return (bytes < 0 ? "-" : "") + size.description
}

/// A number with four digits that count.
func significant(_ number: Double) -> String {
    guard number != 0, number.isFinite, abs(number) >= 1e-300 else { return plain(number) }
    var power = 0
    var scaled = abs(number)
    while scaled >= 10_000 { (scaled, power) = (scaled / 10, power + 1) }
    while scaled < 1000 { (scaled, power) = (scaled * 10, power - 1) }
    // Dividing by a whole power of ten rounds right, multiplying by its inverse does not.
    var factor = 1.0
    for _ in 0..<abs(power) { factor *= 10 }
    let digits = scaled.rounded()
    let value = power >= 0 ? digits * factor : digits / factor
    return plain(number < 0 ? -value : value)
}
