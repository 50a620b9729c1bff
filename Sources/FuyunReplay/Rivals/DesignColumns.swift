import RealModule

/// How features become the inputs of a regression: numbers as they are or as logarithms, a category as one column for each of its
/// first values.
struct DesignColumns: Sendable {
    private enum Source: Sendable {
        case number(Int)
        case category(Int, value: Int)
    }

    /// Values of one category that get a column.
    static let valuesAtMost = 8
    private let sources: [Source]

    init(_ layout: FeatureLayout) {
        sources = layout.columns.indices.flatMap { place -> [Source] in
            switch layout.columns[place].kind {
            case .number: return [Source.number(place)]
            case .category(let values):
                return (0..<min(values.count, Self.valuesAtMost)).map { Source.category(place, value: $0) }
            }
        }
    }

    /// How many inputs there are.
    var width: Int { sources.count }

    /// Numbers as they are.
    func plain(_ features: FeatureRow) -> [Double] {
        sources.map { source in
            switch source {
            case .number(let place): features[place]
            case .category(let place, let value): features[place] == Double(value) ? 1 : 0
            }
        }
    }

    /// Numbers as log(1 + |x|) with their sign, which is nearly log x for the sizes, counts and seconds that features are.
    func logarithms(_ features: FeatureRow) -> [Double] {
        sources.map { source in
            switch source {
            case .number(let place):
                features[place] < 0 ? -Double.log(onePlus: -features[place]) : Double.log(onePlus: features[place])
            case .category(let place, let value): features[place] == Double(value) ? 1 : 0
            }
        }
    }
}
