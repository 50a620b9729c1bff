import MemoryUnits

/// A policy that was checked and is ready to decide.
///
/// It is an immutable value of one reference: copying it costs a retain, and any number of threads may use it.
public struct CompiledPolicy: Sendable {
    let storage: Storage

    /// The function that the policy is for.
    public var id: String { storage.document.metadata.policyID }
    /// The version.
    public var version: Int { storage.document.metadata.version }
    /// Where the version stands on the ladder.
    public var status: PolicyStatus { storage.document.metadata.status }
    /// The mode that the status asks for; nil when the version is not used (draft, retired).
    public var mode: Mode? { status.mode }
    /// The share of the invocations that this version decides while it is a canary.
    public var canaryShare: Double { storage.document.safety.canaryShare ?? PolicySafety.defaultCanaryShare }
    /// Whether it has a bound of its own for calls that can be raised while they run.
    public var hasRescue: Bool { storage.hasRescue }
    /// The document that this was made of.
    public var document: PolicyDocument { storage.document }
    /// How many variables the policy has; the size of its feature vectors.
    public var variableCount: Int { storage.variables.count }

    /// What is needed of the document at run time, laid out for that.
    final class Storage: Sendable {
        let document: PolicyDocument
        let variables: [Variable]
        let laws: [Law]
        /// The variable that selects the law; -1 when there is just one law.
        let select: Int
        /// What is read from the body; nil when nothing is.
        let scanPlan: ScanPlan?
        /// The variable of each entry of `scanPlan`.
        let scanned: [Int]
        let minimum: Bytes
        let maximum: Bytes
        let tier: Bytes
        /// Whether there is a bound of its own for calls that can be raised while they run.
        let hasRescue: Bool

        init(document: PolicyDocument, laws: [Law], scanPlan: ScanPlan?, scanned: [Int]) {
            self.document = document
            self.laws = laws
            self.scanPlan = scanPlan
            self.scanned = scanned
            variables = document.inputs.variables.map(Variable.init)
            select = document.inputs.variables.firstIndex { $0.name == document.logic.select } ?? -1
            let safety = document.safety
            minimum = Bytes(UInt64(max(safety.minimum ?? 0, 0)))
            maximum = safety.maximum.map { Bytes(UInt64(max($0, 0))) } ?? .max
            tier = Bytes(UInt64(max(safety.tierBytes ?? 0, 0)))
            hasRescue = safety.rescue != nil
        }
    }

    /// A variable, laid out for reading one.
    struct Variable: Sendable {
        let source: FeatureSource
        let isInBody: Bool
        let isInteger: Bool
        let lower: Double
        let upper: Double
        let defaultValue: Double?
        let categoryValues: [String]?

        init(_ variable: PolicyVariable) {
            source = variable.source
            isInBody = variable.source.isInBody
            isInteger = variable.kind == .integer
            lower = variable.range?.lowerBound ?? -.infinity
            upper = variable.range?.upperBound ?? .infinity
            defaultValue = variable.defaultValue
            categoryValues = variable.categoryValues
        }
    }

    /// A term, compiled.
    struct Term: Sendable {
        let program: ExpressionProgram
        let shape: PolicyTerm.Shape
    }
}
