/// How memory follows from the variables.
public struct PolicyLogic: Sendable, Hashable {
    /// The form that all laws of a policy share.
    public enum Family: String, Sendable, Hashable, CaseIterable {
        /// Always the base.
        case constant
        /// base + Σ coefficient × term.
        case linear
        /// base + Σ of a polyline in each term.
        case piecewiseLinear = "piecewise_linear"
        /// base + Σ coefficient × term ^ exponent.
        case power
        /// base + Σ coefficient × e ^ (rate × term).
        case exponential
    }

    /// The form of the laws.
    public var family: Family
    /// The category variable that chooses the law; nil when there is just one.
    public var select: String?
    /// The laws: one, or one for each value of the category in the order of its values.
    public var laws: [PolicyLaw]
    /// Why the formula is what it is, in its writer's words.
    public var rationale: String?

    /// Makes a logic section.
    public init(family: Family, select: String? = nil, laws: [PolicyLaw], rationale: String? = nil) {
        self.family = family
        self.select = select
        self.laws = laws
        self.rationale = rationale
    }
}

/// One law: a base and up to four terms.
///
/// Results are bytes.
public struct PolicyLaw: Sendable, Hashable {
    /// The category value that chooses the law; nil when there is just one.
    public var value: String?
    /// The bytes that do not depend on the input.
    public var base: Double
    /// What is added to the base.
    public var terms: [PolicyTerm]
    /// Whether the law has no numbers yet: its terms are known, but the preset decides.
    ///
    /// Only a law that a category selects can be left open. Its base and coefficients are zero, its knots are none.
    public var isOpen: Bool

    /// Makes a law.
    public init(value: String? = nil, base: Double, terms: [PolicyTerm] = [], isOpen: Bool = false) {
        self.value = value
        self.base = base
        self.terms = terms
        self.isOpen = isOpen
    }
}

/// One term of a law: an expression over the variables, and how many bytes its value stands for.
public struct PolicyTerm: Sendable, Hashable {
    /// What makes bytes of the expression's value x; each family has its own.
    public enum Shape: Sendable, Hashable {
        /// coefficient × x.
        case linear(coefficient: Double)
        /// Linear between the knots, the first y before them, the last slope after them.
        case piecewiseLinear(knots: [PolicyKnot])
        /// coefficient × x ^ exponent.
        case power(coefficient: Double, exponent: Double)
        /// coefficient × e ^ (rate × x).
        case exponential(coefficient: Double, rate: Double)
    }

    /// The name, by which the document's parts find each other.
    public var name: String
    /// The expression.
    public var expression: String
    /// What makes bytes of its value.
    public var shape: Shape

    /// Makes a term.
    public init(name: String, expression: String, shape: Shape) {
        self.name = name
        self.expression = expression
        self.shape = shape
    }
}

/// A corner of a polyline.
public struct PolicyKnot: Sendable, Hashable {
    /// The value of the term's expression.
    public var x: Double
    /// The bytes that it stands for.
    public var y: Double

    /// Makes a knot.
    public init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }
}
