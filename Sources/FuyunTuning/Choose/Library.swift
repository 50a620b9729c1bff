import FuyunPolicy
import RealModule

/// Simple forms over single features, for functions whose draft is missing what matters.
enum Library {
    /// The most features that are tried.
    static let maximumFeatures = 8

    /// One feature in some shape.
    private struct Shape {
        var expression: @Sendable (String) -> String
        var value: @Sendable (Double) -> Double
    }

    private static let shapes = [
        Shape(expression: { $0 }, value: { $0 }),
        Shape(expression: { "sqrt(\($0))" }, value: { $0.squareRoot() }),
        Shape(expression: { "\($0) ^ 2" }, value: { $0 * $0 }),
    ]

    /// base + coefficient × x, √x and x² for each number x that is there in every sample and not always the same, and
    /// coefficient × x ^ exponent with the exponent that fits best on a scale of factors.
    static func forms(variables: [PolicyVariable], features: [FeatureVector], needs: [Double]) -> [Form] {
        var forms: [Form] = []
        var tried = 0
        for (place, variable) in variables.enumerated() where variable.categoryValues == nil {
            guard tried < maximumFeatures, features.allSatisfy({ $0.state(place).isUsable }) else { continue }
            let values = features.map { $0.value(place) }
            guard let least = values.min(), let most = values.max(), least < most else { continue }
            tried += 1
            for shape in shapes {
                forms.append(form(shape.expression(variable.name), base: 1, values.map(shape.value)))
            }
            guard least > 0, let exponent = exponent(values, needs) else { continue }
            // Three digits are more than a few samples tell, and read well.
            let rounded = (exponent * 1000).rounded() / 1000
            // A base of zero in every sample: the form goes through zero.
            forms.append(form("\(variable.name) ^ \(rounded)", base: 0, values.map { Double.pow($0, rounded) }))
        }
        return forms
    }

    private static func form(_ expression: String, base: Double, _ values: [Double]) -> Form {
        Form(
            name: expression,
            family: .linear,
            terms: [PolicyTerm(name: "input", expression: expression, shape: .linear(coefficient: 0))],
            columns: values.allSatisfy(\.isFinite) ? values.flatMap { [base, $0] } : nil,
            prior: [nil, nil],
            isSkeleton: false
        )
    }

    /// The slope of log need over log x, when it is one that memory can have.
    private static func exponent(_ values: [Double], _ needs: [Double]) -> Double? {
        let points = zip(values, needs).filter { $0.1 > 0 }.map { (Double.log($0.0), Double.log($0.1)) }
            .sorted { $0 < $1 }
        guard points.count >= 2 else { return nil }
        let count = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.0 } / count
        let meanY = points.reduce(0) { $0 + $1.1 } / count
        let spread = points.reduce(0) { $0 + ($1.0 - meanX) * ($1.0 - meanX) }
        let common = points.reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
        guard spread > 0 else { return nil }
        let slope = common / spread
        return (0.05...3).contains(slope) ? slope : nil
    }
}
