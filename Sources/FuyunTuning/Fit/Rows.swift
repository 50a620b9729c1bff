import FuyunPolicy

/// What is known of the needs of one law's samples, in units that make them about one.
struct Needs: Sendable {
    /// What is known of a need.
    enum Kind: Sendable {
        /// This much.
        case point
        /// Between two ends, as the others say.
        case interval
        /// More than the lower end.
        case above
    }

    /// The kind of each.
    let kinds: [Kind]
    /// The least of each; a point's only value.
    let lower: [Double]
    /// The most that each is taken for; a point's only value, and infinite for a censored one.
    let upper: [Double]
    /// The weight of each, 0 to 1.
    let weights: [Double]
    /// The bytes that one unit stands for.
    let unit: Double

    /// How many there are.
    var count: Int { kinds.count }
    /// How many are not censored.
    let cleanCount: Int

    /// Scales needs in bytes by the one in the middle.
    init(_ needs: [(kind: Kind, lower: Double, upper: Double, weight: Double)]) {
        let unit = needs.isEmpty ? 1 : max(needs[needs.count / 2].lower, 1)
        self.unit = unit
        kinds = needs.map(\.kind)
        lower = needs.map { $0.lower / unit }
        upper = needs.map { $0.upper / unit }
        weights = needs.map(\.weight)
        cleanCount = needs.count { $0.kind != .above }
    }
}

/// The samples of one law as the numbers of a least squares problem.
///
/// Each column is divided by its largest magnitude, so that the units of a feature cannot matter.
struct Rows: Sendable {
    /// The columns of the design: one for the base, one for each term.
    let width: Int
    /// Row by row, each column divided by its unit.
    let columns: [Double]
    /// What one unit of each column stands for.
    let columnUnits: [Double]
    /// What is known of the needs.
    let needs: Needs

    /// How many rows there are.
    var count: Int { needs.count }

    /// Scales columns, given row by row in their own units.
    init(needs: Needs, columns: [Double]) {
        let width = columns.count / max(needs.count, 1)
        precondition(columns.count == width * needs.count, "as many columns in each row")
        var units = Array(repeating: 0.0, count: width)
        var column = 0
        for value in columns {
            units[column] = max(units[column], value.magnitude)
            column = column + 1 == width ? 0 : column + 1
        }
        for column in 0..<width where units[column] == 0 { units[column] = 1 }
        var scaled = columns
        column = 0
        for place in scaled.indices {
            scaled[place] /= units[column]
            column = column + 1 == width ? 0 : column + 1
        }
        self.width = width
        self.needs = needs
        self.columns = scaled
        columnUnits = units
    }

    /// Row `row` · coefficients, in the rows' units.
    func product(_ row: Int, _ coefficients: [Double]) -> Double {
        var sum = 0.0
        for column in 0..<width { sum += columns[row * width + column] * coefficients[column] }
        return sum
    }

    /// vᵀ M v of row `row`, in the rows' units.
    func quadratic(_ row: Int, _ matrix: SymmetricMatrix) -> Double {
        var sum = 0.0
        for first in 0..<width {
            let left = columns[row * width + first]
            for second in 0..<width { sum += left * matrix[first, second] * columns[row * width + second] }
        }
        return sum
    }
}
