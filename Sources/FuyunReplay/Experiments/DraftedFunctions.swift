import FuyunPolicy
import FuyunTuning
import MemoryUnits

/// The skeletons that a language model drafted for the measured functions, from their source alone.
struct DraftedFunctions: Sendable {
    /// The candidates of each group, the best first.
    private(set) var policies: [String: [PolicyDocument]] = [:]

    /// Reads the files of `drafts` in the folder with the data: `{"group":…,"policies":[…]}`.
    init(folder: String) throws(TraceError) {
        for path in try MeasuredFunctions.files(folder + "/drafts", ending: ".json") {
            let bytes = try PolicyFile.bytes(path)
            let root: JSONValue
            do throws(JSONSyntaxError) {
                root = try JSONDocument.parse(bytes).root
            } catch {
                throw TraceError(path: path, "it is not JSON: \(error)")
            }
            guard case .string(let group)? = root["group"]?.content,
                case .array(let elements)? = root["policies"]?.content, !elements.isEmpty
            else { throw TraceError(path: path, "it has no \"group\" or no \"policies\"") }
            var documents: [PolicyDocument] = []
            for element in elements { documents.append(try PolicyFile.compiled(element.encoded(), path)) }
            policies[group] = documents
        }
    }

    /// The tuner on each kind of skeleton, without and with rescue.
    ///
    /// All but `constant` have the library's forms next to their skeletons, as in a cluster.
    ///
    /// - Parameter byHand: A formula for each group that a person wrote.
    func strategies(_ byHand: [String: PolicyDocument]) -> [StrategyName] {
        let drafts = policies
        let origins: [(word: String, summary: String, skeletons: @Sendable (String) -> [PolicyDocument])] = [
            ("drafts", "the tuner on what a language model drafted", { drafts[$0] ?? [] }),
            ("by-hand", "the tuner on a formula by hand", { byHand[$0].map { [$0] } ?? [] }),
            ("library", "the tuner on the library's forms", { _ in [] }),
        ]
        let tuned = origins.flatMap { origin in
            [nil, FuyunStrategies.rescue(margin: 1)].map { rule in
                Self.name(origin.word, origin.summary, rule) { context in
                    var context = context
                    context.policies = origin.skeletons(context.group)
                    return TunerStrategy(context, settings: FuyunStrategies.settings(), rescue: rule)
                }
            }
        }
        let constants = [nil, FuyunStrategies.rescue(margin: 1)].map { rule in
            Self.name("constant", "the tuner on a constant alone", rule) { context in
                var context = context
                context.policies = [FeatureReader(context.layout).libraryDraft(for: context.group)]
                return TunerStrategy(context, settings: FuyunStrategies.settings(), rescue: rule, without: .library)
            }
        }
        return tuned + constants
    }

    private static func name(
        _ word: String,
        _ summary: String,
        _ rule: RescueRule?,
        _ make: @escaping @Sendable (StrategyContext) -> any SizingStrategy
    ) -> StrategyName {
        let word = rule == nil ? word : word + "-rescue"
        let summary = rule == nil ? summary : summary + ", raised in flight"
        return StrategyName(text: word, kind: StrategyKind(word, summary) { context, _ in make(context) }, argument: 0)
    }
}
