/// Compiles expressions over a policy's variables.
///
///     sum     = product { ("+" | "-") product }
///     product = sign { ("*" | "/") sign }
///     sign    = "-" sign | power
///     power   = primary [ "^" sign ]                      -2^2 is -4, 2^3^2 is 512
///     primary = number | variable | function "(" sum { "," sum } ")" | "(" sum ")"
struct ExpressionCompiler {
    /// The name of a variable, and its place in the feature vector; nil for a category.
    typealias Variable = (name: String, place: UInt8?)

    /// The functions, with the operation and how many arguments they take.
    static let functions: [(name: String, operation: ExpressionProgram.Operation, arguments: ClosedRange<Int>)] = [
        ("min", .minimum, 2...8), ("max", .maximum, 2...8), ("abs", .absolute, 1...1), ("sqrt", .squareRoot, 1...1),
        ("log", .logarithm, 1...1), ("ceil", .ceiling, 1...1), ("floor", .floor, 1...1),
    ]

    private let variables: [Variable]
    private var tokens: [ExpressionToken] = []
    private var index = 0
    private var nesting = 0
    private var depth = 0
    private var instructions: [ExpressionProgram.Instruction] = []
    private var used: UInt16 = 0
    private var unknown: [ExpressionError] = []

    init(variables: [Variable]) { self.variables = variables }

    /// Compiles a text: the program, or every error that was found.
    func compile(_ text: String) -> Result<ExpressionProgram, ExpressionErrors> {
        var copy = self
        do throws(ExpressionError) {
            copy.tokens = try ExpressionToken.tokens(of: text)
            try copy.sum()
            guard copy.token.content == .end else {
                throw copy.failure("found \(copy.token.description), expected an operator or the end")
            }
        } catch {
            return .failure(ExpressionErrors(errors: copy.unknown + [error]))
        }
        guard copy.unknown.isEmpty else { return .failure(ExpressionErrors(errors: copy.unknown)) }
        return .success(ExpressionProgram(instructions: copy.instructions, variables: copy.used))
    }

    // MARK: Grammar

    private mutating func sum() throws(ExpressionError) {
        try product()
        while true {
            if take("+") {
                try product()
                try emit(.init(operation: .add))
            } else if take("-") {
                try product()
                try emit(.init(operation: .subtract))
            } else {
                return
            }
        }
    }

    private mutating func product() throws(ExpressionError) {
        try sign()
        while true {
            if take("*") {
                try sign()
                try emit(.init(operation: .multiply))
            } else if take("/") {
                try sign()
                try emit(.init(operation: .divide))
            } else {
                return
            }
        }
    }

    private mutating func sign() throws(ExpressionError) {
        guard take("-") else { return try power() }
        try enter()
        try sign()
        nesting -= 1
        try emit(.init(operation: .negate))
    }

    private mutating func power() throws(ExpressionError) {
        try primary()
        guard take("^") else { return }
        try enter()
        try sign()
        nesting -= 1
        try emit(.init(operation: .power))
    }

    private mutating func primary() throws(ExpressionError) {
        let token = token
        switch token.content {
        case .number(let value):
            index += 1
            try emit(.init(operation: .number, number: value))
        case .name(let name):
            index += 1
            if self.token.content == .symbol("(") { return try call(name, token) }
            try variable(name, token)
        case .symbol("("):
            index += 1
            try enter()
            try sum()
            nesting -= 1
            try expect(")")
        default:
            throw failure("found \(token.description), expected a number, a variable, a function or \"(\"")
        }
    }

    private mutating func call(_ name: String, _ token: ExpressionToken) throws(ExpressionError) {
        guard let function = Self.functions.first(where: { $0.name == name }) else {
            let names = Self.functions.map(\.name)
            let hint = Self.substitutes[name].map { "; write \($0)" } ?? suggestion(for: name, among: names)
            throw ExpressionError(
                kind: .unknownFunction,
                message: "there is no function \(quoted(name)), expected \(alternatives(names))\(hint)",
                character: token.character
            )
        }
        index += 1
        try enter()
        var count = 0
        repeat {
            try sum()
            count += 1
            // min and max of many are folded from the left, so that the stack never holds more than two of them.
            if count > 1, function.arguments.upperBound > 1 { try emit(.init(operation: function.operation)) }
        } while take(",")
        nesting -= 1
        try expect(")")
        guard function.arguments.contains(count) else {
            let expected =
                function.arguments.upperBound == 1
                ? "1" : "\(function.arguments.lowerBound) to \(function.arguments.upperBound)"
            throw ExpressionError(
                kind: .argumentCount,
                message: "\(name) has \(count) arguments, expected \(expected)",
                character: token.character
            )
        }
        if function.arguments.upperBound == 1 { try emit(.init(operation: function.operation)) }
    }

    private mutating func variable(_ name: String, _ token: ExpressionToken) throws(ExpressionError) {
        guard let variable = variables.first(where: { $0.name == name }) else {
            let numbers = variables.filter { $0.place != nil }.map(\.name)
            let known = numbers.isEmpty ? "the policy has no numeric variables" : "expected \(alternatives(numbers))"
            unknown.append(
                ExpressionError(
                    kind: .unknownVariable,
                    message: "there is no variable \(quoted(name)), \(known)\(suggestion(for: name, among: numbers))",
                    character: token.character
                )
            )
            return try emit(.init(operation: .number))
        }
        guard let place = variable.place else {
            unknown.append(
                ExpressionError(
                    kind: .category,
                    message:
                        "the variable \"\(name)\" is a category, which is no number; it can only be used by \"select\"",
                    character: token.character
                )
            )
            return try emit(.init(operation: .number))
        }
        used |= 1 << UInt16(place)
        try emit(.init(operation: .variable, variable: place))
    }

    // MARK: Steps

    private static let substitutes = [
        "int": "floor(x)", "round": "floor(x + 0.5)", "pow": "x ^ y", "exp": "the family \"exponential\"",
        "ln": "log(x)",
        "log2": "log(x) / log(2)", "log10": "log(x) / log(10)", "len": "a mapping with \"json_length\"",
    ]

    private var token: ExpressionToken { tokens[index] }

    private mutating func take(_ symbol: Character) -> Bool {
        guard token.content == .symbol(symbol) else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ symbol: Character) throws(ExpressionError) {
        guard take(symbol) else {
            throw failure("found \(token.description), expected an operator or \"\(symbol)\"")
        }
    }

    private mutating func enter() throws(ExpressionError) {
        nesting += 1
        guard nesting <= ExpressionProgram.maximumNesting else {
            throw tooLarge("nested deeper than \(ExpressionProgram.maximumNesting) levels")
        }
    }

    private mutating func emit(_ instruction: ExpressionProgram.Instruction) throws(ExpressionError) {
        depth += 1 - instruction.operation.arity
        guard depth <= ExpressionProgram.maximumStack else {
            throw tooLarge(
                "more than \(ExpressionProgram.maximumStack) intermediate results are waiting; use more parentheses "
                    + "to the left or fewer to the right"
            )
        }
        guard instructions.count < ExpressionProgram.maximumInstructions else {
            throw tooLarge(
                "the expression has more than \(ExpressionProgram.maximumInstructions) numbers and operations"
            )
        }
        instructions.append(instruction)
    }

    private func tooLarge(_ message: String) -> ExpressionError {
        ExpressionError(kind: .tooLarge, message: message, character: token.character)
    }

    private func failure(_ message: String) -> ExpressionError {
        ExpressionError(kind: .syntax, message: message, character: token.character)
    }
}

/// Every error of one expression.
struct ExpressionErrors: Error {
    var errors: [ExpressionError]
}
