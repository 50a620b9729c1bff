import Testing

@testable import FuyunPolicy

@Suite struct ExpressionTests {
    private static let variables: [ExpressionCompiler.Variable] = [("x", 0), ("y", 1), ("op", nil)]

    private func run(_ text: String, x: Double = 3, y: Double = 4) throws -> Double {
        let program = try ExpressionCompiler(variables: Self.variables).compile(text).get()
        var values = FeatureValues(repeating: 0)
        values[0] = x
        values[1] = y
        return program.evaluate(values)
    }

    @Test(
        arguments: [
            ("1", 1), ("1e6", 1_000_000), ("0.5", 0.5), ("2.5e-1", 0.25), ("1E+2", 100), ("x", 3), ("-x", -3),
            ("--x", 3),
            ("x + y", 7), ("x - y - 1", -2), ("x * y / 2", 6), ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20),
            ("12 / 3 / 2", 2),
            ("2 ^ 3 ^ 2", 512), ("(2 ^ 3) ^ 2", 64), ("-2 ^ 2", -4), ("(-2) ^ 2", 4), ("2 ^ -1", 0.5), ("2 * -x", -6),
            ("2 - -x", 5), ("0 ^ 0", 1), ("(0 - 2) ^ 3", -8), ("9 ^ 0.5", 3), ("x^2 + y^2", 25), ("sqrt(x^2+y^2)", 5),
            ("min(x, y)", 3), ("max(x, y)", 4), ("min(5, 4, 3, 2)", 2), ("max(1, max(2, 3), -x)", 3), ("abs(x - y)", 1),
            ("log(1)", 0), ("ceil(2.1)", 3), ("floor(-2.1)", -3), ("ceil(-0.5)", 0), ("4*floor((8+0.4*x)/4+0.5)", 8),
            ("\tx\n+\ry ", 7),
        ] as [(String, Double)]
    )
    func evaluates(_ text: String, _ expected: Double) throws {
        #expect(try run(text) == expected, "\(text)")
    }

    @Test(arguments: [
        "1 / 0", "x / (y - 4)", "0 / 0", "min(1 / 0, 30)", "0 * (1 / 0)", "sqrt(-1)", "log(0)", "log(-1)", "(-8) ^ 0.5",
        "0 ^ -1", "1e308 * 10", "1e308 + 1e308", "10 ^ 400", "min(10 ^ 400, 1)", "(10 ^ 400) ^ 0",
    ])
    func hasNoResult(_ text: String) throws {
        #expect(try run(text).isNaN)
    }

    @Test(
        arguments: [
            ("", "expression_syntax", 1), ("   ", "expression_syntax", 4), ("1 +", "expression_syntax", 4),
            ("* 2", "expression_syntax", 1), ("x y", "expression_syntax", 3), ("2x", "expression_syntax", 1),
            ("(x", "expression_syntax", 3), ("x)", "expression_syntax", 2), ("()", "expression_syntax", 2),
            ("x ** 2", "expression_syntax", 3), ("x % 2", "expression_syntax", 3), ("x // 2", "expression_syntax", 4),
            (".5", "expression_syntax", 1), ("5.", "expression_syntax", 1), ("1e", "expression_syntax", 1),
            ("1.2.3", "expression_syntax", 1), ("1e5x", "expression_syntax", 1), ("+x", "expression_syntax", 1),
            ("x, y", "expression_syntax", 2), ("é + 1", "expression_syntax", 1), ("x + ü", "expression_syntax", 5),
            ("min(x,)", "expression_syntax", 7), ("min()", "expression_syntax", 5), ("x = 1", "expression_syntax", 3),
            ("0x10", "expression_syntax", 1), ("1e999", "expression_bad_number", 1),
            ("1 + zz", "expression_unknown_variable", 5),
            ("inf", "expression_unknown_variable", 1), ("min", "expression_unknown_variable", 1),
            ("int(x)", "expression_unknown_function", 1), ("1 + exp(x)", "expression_unknown_function", 5),
            ("sqrt(x, y)", "expression_argument_count", 1), ("2 * min(x)", "expression_argument_count", 5),
            ("min(1,2,3,4,5,6,7,8,9)", "expression_argument_count", 1), ("op + 1", "expression_category", 1),
            (String(repeating: "1", count: 1001), "expression_too_large", 1001),
            (String(repeating: "(", count: 33) + "1", "expression_too_large", 34),
            (String(repeating: "-", count: 33) + "1", "expression_too_large", 34),
            (Array(repeating: "1", count: 40).joined(separator: "^"), "expression_too_large", 34),
            (Array(repeating: "x", count: 65).joined(separator: "+"), "expression_too_large", 130),
            (String(repeating: "1+(", count: 16) + "1" + String(repeating: ")", count: 16), "expression_too_large", 50),
        ] as [(String, String, Int)]
    )
    func refuses(_ text: String, _ code: String, _ character: Int) {
        guard case .failure(let failure) = ExpressionCompiler(variables: Self.variables).compile(text) else {
            return #expect(Bool(false), "\(text) was accepted")
        }
        #expect(failure.errors.first?.kind.rawValue == code, "\(text): \(failure.errors)")
        #expect(failure.errors.first?.character == character, "\(text): \(failure.errors)")
    }

    @Test func namesEveryUnknownVariable() {
        guard case .failure(let failure) = ExpressionCompiler(variables: [("width", 0)]).compile("widht * heigth")
        else {
            return #expect(Bool(false))
        }
        #expect(failure.errors.map(\.character) == [1, 9])
        #expect(failure.errors[0].message == #"there is no variable "widht", expected "width"; did you mean "width"?"#)
    }

    @Test func knowsWhatItReads() throws {
        let program = try ExpressionCompiler(variables: Self.variables).compile("y * y + 1").get()
        #expect(program.variables == 0b10)
    }

    @Test func longestProgramRuns() throws {
        let text = Array(repeating: "x", count: 64).joined(separator: "+")
        #expect(try run(text) == 192)
        let deep = String(repeating: "1+(", count: 15) + "x" + String(repeating: ")", count: 15)
        #expect(try run(deep) == 18)
    }
}
