import FuyunPolicy
import RealModule

/// The samples of one law.
struct LawSamples: Sendable {
    /// One sample, read.
    struct Row: Sendable {
        var features: FeatureVector
        var kind: Needs.Kind
        var lower: Double
        var upper: Double
        var weight: Double

        /// By content, the lower end of the need first; equal rows are interchangeable.
        static func precedes(_ left: Row, _ right: Row) -> Bool {
            if left.lower != right.lower { return left.lower < right.lower }
            if left.upper != right.upper { return left.upper < right.upper }
            if left.weight != right.weight { return left.weight < right.weight }
            for place in 0..<left.features.count where left.features.value(place) != right.features.value(place) {
                return left.features.value(place) < right.features.value(place)
            }
            return false
        }
    }

    /// The place of the law in the first skeleton.
    var law: Int
    /// The samples in the order of their content, so that sums come out the same whatever order they came in.
    var rows: [Row] = []

    /// What is known of their needs.
    private(set) var needs = Needs([])

    /// Reads samples, and sorts them by the law that they are for.
    static func read(_ samples: [Sample], by reader: SampleReader, settings: TuningSettings) -> [LawSamples] {
        var laws = reader.policy.document.logic.laws.indices.map { LawSamples(law: $0) }
        for sample in samples {
            let features = reader.features(sample)
            guard let place = reader.policy.columns(features)?.law,
                laws[place].rows.count < settings.maximumSamples,
                let need = reader.need(sample, features)
            else { continue }
            let weight = weight(of: sample.age, halfLife: settings.halfLife)
            laws[place].rows.append(
                Row(features: features, kind: need.kind, lower: need.lower, upper: need.upper, weight: weight)
            )
        }
        for place in laws.indices {
            // Only how old samples are next to each other matters, not that the function was idle since.
            let heaviest = laws[place].rows.reduce(0) { max($0, $1.weight) }
            for row in laws[place].rows.indices { laws[place].rows[row].weight /= heaviest }
            let rows = laws[place].rows
            // Places move instead of rows, which are large.
            laws[place].rows = rows.indices.sorted { Row.precedes(rows[$0], rows[$1]) }.map { rows[$0] }
            laws[place].needs = Needs(laws[place].rows.map { ($0.kind, $0.lower, $0.upper, $0.weight) })
        }
        return laws
    }

    /// 2^(−age / half-life), but never so little that a sample means nothing.
    private static func weight(of age: Duration, halfLife: Duration) -> Double {
        let halfLives = seconds(age) / max(seconds(halfLife), 1)
        return max(Double.exp2(-max(halfLives, 0)), 0.01)
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
