import FuyunPolicy

/// What a model answered, well-formed as far as it could be read.
struct Reply {
    var summary: String
    var drivers: [Driver]
    var outsidePayload: [String]
    /// The inputs that all skeletons share; nil when they are not usable.
    var variables: [PolicyVariable]?
    var skeletons: [Skeleton]
    /// What is wrong besides single skeletons.
    var diagnostics: [Diagnostic]

    /// Something that memory follows.
    struct Driver {
        var name: String
        var place: String?
        var effect: String
    }

    /// A proposed formula; `logic` is nil when it could not be read.
    struct Skeleton {
        var name: String
        var rationale: String
        var logic: PolicyLogic?
        /// The variables with which memory is said to grow.
        var growsWith: [String]
        var plausible: [PlausibleRange]
        /// The place in the answer, `$.proposal.skeletons[0]`.
        var path: JSONPath
        /// The place of each law in the answer, in the order of `logic.laws`.
        var lawPlaces: [Int]
        var diagnostics: [Diagnostic]
    }

    /// Between what a coefficient is expected to lie.
    struct PlausibleRange {
        var law: String?
        var name: String
        var expected: Double
        var low: Double
        var high: Double
    }
}
