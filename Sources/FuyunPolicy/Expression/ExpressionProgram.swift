import RealModule

/// The values of up to sixteen variables, held in place.
public typealias FeatureValues = InlineArray<16, Double>

/// A compiled expression: a flat program for a stack machine of sixteen numbers.
///
/// Running it neither recurses nor allocates, and takes a time that is bounded by its length.
public struct ExpressionProgram: Sendable, Hashable {
    /// The most characters of an expression.
    public static let maximumLength = 1000
    /// The deepest nesting of parentheses, calls, signs and powers.
    public static let maximumNesting = 32
    /// The most intermediate results that may wait at once.
    public static let maximumStack = 16
    /// The most instructions of a program.
    public static let maximumInstructions = 128

    enum Operation: UInt8, Sendable, Hashable {
        case number, variable
        case add, subtract, multiply, divide, power, minimum, maximum
        case negate, absolute, squareRoot, logarithm, ceiling, floor

        /// How many results the operation takes off the stack; it always leaves one.
        var arity: Int {
            switch self {
            case .number, .variable: 0
            case .add, .subtract, .multiply, .divide, .power, .minimum, .maximum: 2
            case .negate, .absolute, .squareRoot, .logarithm, .ceiling, .floor: 1
            }
        }
    }

    struct Instruction: Sendable, Hashable {
        var operation: Operation
        var variable: UInt8 = 0
        var number: Double = 0
    }

    let instructions: [Instruction]
    /// The variables that the expression reads, as bits.
    let variables: UInt16

    /// The result for these values; NaN when the result *or any step towards it* is not a finite number, so that neither
    /// `min(1/0, 30)` nor an overflow can pass for an answer.
    public func evaluate(_ values: borrowing FeatureValues) -> Double {
        var stack = InlineArray<16, Double>(repeating: 0)
        // The top of the stack lives in `top`, what is below it in `stack[0..<depth]`.
        var depth = 0
        var top = 0.0
        for instruction in instructions {
            switch instruction.operation {
            case .number:
                stack[depth] = top
                depth += 1
                top = instruction.number
            case .variable:
                stack[depth] = top
                depth += 1
                top = values[Int(instruction.variable)]
            case .negate: top = -top
            case .absolute: top = top.magnitude
            case .squareRoot: top = top.squareRoot()
            case .logarithm: top = Double.log(top)
            case .ceiling: top = top.rounded(.up)
            case .floor: top = top.rounded(.down)
            default:
                depth -= 1
                top = Self.combine(instruction.operation, stack[depth], top)
            }
            guard top.isFinite else { return .nan }
        }
        return top
    }

    private static func combine(_ operation: Operation, _ left: Double, _ right: Double) -> Double {
        switch operation {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        case .power: raise(left, to: right)
        case .minimum: Swift.min(left, right)
        default: Swift.max(left, right)
        }
    }
}

/// `base` to the power of `exponent`: as repeated multiplication where the exponent is whole (so that a negative base and
/// 0^0 = 1 are defined), else `exp(exponent × log base)`, which is NaN for a negative base.
func raise(_ base: Double, to exponent: Double) -> Double {
    if let whole = Int(exactly: exponent), whole.magnitude <= 1 << 20 { return Double.pow(base, whole) }
    return Double.pow(base, exponent)
}
