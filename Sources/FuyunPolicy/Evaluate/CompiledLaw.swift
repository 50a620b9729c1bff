extension CompiledPolicy {
    /// What the coefficients of a law multiply, the base's one first.
    typealias Columns = InlineArray<5, Double>

    /// A law, compiled.
    struct Law: Sendable {
        let base: Double
        let terms: [Term]
        /// The variables that the law reads, the selecting one included, as bits.
        let needed: UInt16
        /// Whether the law has no numbers yet.
        let isOpen: Bool
        /// The result when every term is zero: the part that does not depend on the input.
        let atZero: Double
        /// The factor of bound = predicted × scale + offset, without the leverage.
        let scale: Double
        let offset: Double
        /// The lower triangle of the leverage, row after row; empty when there is none.
        private let triangle: [Double]

        init(_ law: PolicyLaw, terms: [Term], needed: UInt16, calibration: PolicyCalibration) {
            base = law.base
            self.terms = terms
            self.needed = needed
            isOpen = law.isOpen
            let sum = terms.reduce(law.base) { $0 + $1.shape.bytes(for: 0) }
            atZero = sum.isFinite ? sum : law.base
            scale = 1 + calibration.scale
            offset = Double(calibration.offsetBytes)
            // As the checks made sure of.
            let fits = calibration.leverage.count == terms.count + 1
            triangle = fits ? calibration.leverage.flatMap(\.self) : []
        }

        /// The law's result in bytes, and |W φ|² in square bytes; not finite when any step is not.
        func predict(_ values: borrowing FeatureValues) -> (bytes: Double, distance: Double) {
            var sum = base
            if triangle.isEmpty {
                for term in terms {
                    sum += term.shape.bytes(for: term.program.evaluate(values))
                }
                return (sum, 0)
            }
            var columns = Columns(repeating: 1)
            for index in terms.indices {
                let x = terms[index].program.evaluate(values)
                sum += terms[index].shape.bytes(for: x)
                columns[index + 1] = terms[index].shape.column(for: x)
            }
            return (sum, distance(columns))
        }

        /// |W φ|².
        private func distance(_ columns: Columns) -> Double {
            var sum = 0.0
            var place = 0
            for row in 0...terms.count {
                var product = 0.0
                for column in 0...row {
                    product += triangle[place] * columns[column]
                    place += 1
                }
                sum += product * product
            }
            return sum
        }
    }
}
