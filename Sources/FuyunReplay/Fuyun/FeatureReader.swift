import FuyunPolicy
import FuyunTuning
import MemoryUnits

/// Turns the columns of a trace into the features that a policy reads by name.
struct FeatureReader: Sendable {
    private let layout: FeatureLayout
    private let names: [String]

    init(_ layout: FeatureLayout) {
        self.layout = layout
        names = layout.columns.map(\.name)
    }

    /// The features by name.
    func values(_ features: FeatureRow) -> [String: Sample.Value] {
        var values: [String: Sample.Value] = [:]
        values.reserveCapacity(names.count)
        for (place, column) in layout.columns.enumerated() {
            let number = features[place]
            // Not a number: the call did not have it.
            guard !number.isNaN else { continue }
            if case .category(let words) = column.kind {
                values[names[place]] = .category(words.indices.contains(Int(number)) ? words[Int(number)] : "")
            } else {
                values[names[place]] = .number(number)
            }
        }
        return values
    }

    /// The features as a call that is about to run.
    func sample(_ features: FeatureRow) -> Sample { Sample(features: values(features), need: .above(.zero)) }

    /// A document without any knowledge: a constant over the columns that hold numbers, so that the tuner's library can try
    /// its forms on them.
    ///
    /// Columns whose names cannot stand in a formula are left out, and so are those beyond the most that a policy may have.
    func libraryDraft(for group: String) -> PolicyDocument {
        let variables = layout.columns.filter { !$0.isCategory && $0.name.canStandInFormula }
            .prefix(PolicyDocument.maximumVariables)
            .map { PolicyVariable(name: $0.name, kind: .number, source: .json(pointer: "/\($0.name)")) }
        return PolicyDocument(
            metadata: PolicyMetadata(
                policyID: PolicyDocument.isFunctionName(group) ? group : "replay",
                version: 1,
                status: .shadow,
                origin: PolicyOrigin(kind: "library")
            ),
            inputs: PolicyInputs(source: .payload, variables: Array(variables)),
            logic: PolicyLogic(family: .constant, laws: [PolicyLaw(base: 0x1p20)]),
            safety: PolicySafety(headroom: 0.05)
        )
    }
}

extension String {
    /// Whether expressions can call a variable by this name.
    fileprivate var canStandInFormula: Bool {
        let words: Set<String> = ["min", "max", "abs", "sqrt", "log", "ceil"]
        guard let first = utf8.first, utf8.count <= 64, !words.contains(self) else { return false }
        let isLetter = { (byte: UInt8) in (0x61...0x7A).contains(byte | 0x20) || byte == 0x5F }
        return isLetter(first) && utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
    }
}
