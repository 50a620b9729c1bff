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
        /// What is added for calls that nothing raises.
        let safe: Margin
        /// What is added for calls that can be raised while they run: the safe one where the policy has no other.
        let tight: Margin

        init(_ law: PolicyLaw, terms: [Term], needed: UInt16, safe: Margin, tight: Margin?) {
            base = law.base
            self.terms = terms
            self.needed = needed
            isOpen = law.isOpen
            let sum = terms.reduce(law.base) { $0 + $1.shape.bytes(for: 0) }
            atZero = sum.isFinite ? sum : law.base
            self.safe = safe
            self.tight = tight ?? safe
        }

        /// The law's result in bytes, and |W φ|² of one of the margins in square bytes; not finite when any step is not.
        func predict(_ values: borrowing FeatureValues, rescue: Bool) -> (bytes: Double, distance: Double) {
            var sum = base
            if rescue ? tight.triangle.isEmpty : safe.triangle.isEmpty {
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
            return (sum, rescue ? tight.distance(columns) : safe.distance(columns))
        }
    }

    /// What is added to a law's result: a calibration and the headroom, compiled.
    struct Margin: Sendable {
        /// The factor of bound = predicted × scale + offset, without the leverage.
        let scale: Double
        let offset: Double
        let headroom: Double
        /// The lower triangle of the leverage, row after row; empty when there is none.
        fileprivate let triangle: [Double]
        private let rows: Int

        init(_ calibration: PolicyCalibration?, headroom: Double, terms: Int) {
            let calibration = calibration ?? PolicyCalibration()
            scale = 1 + calibration.scale
            offset = Double(calibration.offsetBytes)
            self.headroom = headroom
            // As the checks made sure of.
            rows = terms + 1
            triangle = calibration.leverage.count == rows ? calibration.leverage.flatMap(\.self) : []
        }

        /// |W φ|².
        fileprivate func distance(_ columns: Columns) -> Double {
            var sum = 0.0
            var place = 0
            for row in 0..<rows {
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
