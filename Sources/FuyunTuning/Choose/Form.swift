import FuyunPolicy
import RealModule

/// A form of a law without its numbers: which terms it has, and what their coefficients multiply for each sample.
struct Form: Sendable {
    /// A name for reports.
    var name: String
    /// The family that a document needs to hold it.
    var family: PolicyLogic.Family
    /// The terms; their coefficients are not looked at.
    var terms: [PolicyTerm]
    /// The columns of the law's samples, row by row and the base's one first; nil when the form has no number for one.
    var columns: [Double]?
    /// The slopes of whoever drafted it, in bytes for a unit of each column; nil for the base and where there is none.
    var prior: [Double?]
    /// Whether it was drafted for the function, not taken from the library.
    var isSkeleton: Bool

    /// How many terms no draft has a slope for.
    var unknownSlopes: Int { prior.dropFirst().count { $0 == nil } }

    /// The form without terms.
    static func constant(samples: Int) -> Form {
        Form(
            name: "constant",
            family: .constant,
            terms: [],
            columns: Array(repeating: 1, count: samples),
            prior: [nil],
            isSkeleton: false
        )
    }

    /// The law with numbers in it, rounded up.
    func law(value: String?, _ coefficients: [Double]) -> PolicyLaw {
        let terms = zip(terms, coefficients.dropFirst()).map { term, coefficient in
            PolicyTerm(
                name: term.name,
                expression: term.expression,
                shape: term.shape.scaled(to: Decimal.up(coefficient))
            )
        }
        return PolicyLaw(value: value, base: Decimal.up(coefficients[0]), terms: terms)
    }
}

extension PolicyTerm.Shape {
    /// The shape with another coefficient; a polyline, which has none, is stretched by it.
    func scaled(to coefficient: Double) -> PolicyTerm.Shape {
        switch self {
        case .linear: .linear(coefficient: coefficient)
        case .power(_, let exponent): .power(coefficient: coefficient, exponent: exponent)
        case .exponential(_, let rate): .exponential(coefficient: coefficient, rate: rate)
        case .piecewiseLinear(let knots):
            .piecewiseLinear(knots: knots.map { PolicyKnot(x: $0.x, y: $0.y * coefficient) })
        }
    }

    /// The coefficient as a prior; that of a polyline is to leave it as it is.
    var slope: Double {
        switch self {
        case .linear(let coefficient), .power(let coefficient, _), .exponential(let coefficient, _): coefficient
        case .piecewiseLinear: 1
        }
    }
}
