import FuyunPolicy
import FuyunProtocol

/// What the coordinator said about policies: everything in use, kept true by its answers.
///
/// A value, and pure: answers in, policies and problems out.
struct CoordinatorPolicies: Sendable {
    /// One function.
    struct Function: Sendable {
        /// What the coordinator grants it.
        var narrowing: GrantNarrowing
        /// The policies in use, compiled.
        var policies: [CompiledPolicy] = []
        /// What is wrong with the last change, which was refused; empty when it was good.
        var messages: [String] = []
    }

    /// The most lines that are kept of what is wrong with a function's change.
    static let mostMessages = 20

    /// The coordinator's revision; nil before its first answer.
    private(set) var revision: Int64?
    /// The furthest that any policy may reach: the coordinator's kill switch.
    private(set) var modeCap = Mode.enforce
    /// The functions by name.
    private(set) var functions: [String: Function] = [:]

    /// Nothing known.
    init() {}

    /// Functions whose last change was refused, by name.
    var refused: [(name: String, function: Function)] {
        functions.filter { !$0.value.messages.isEmpty }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Forgets the revision, so that everything is asked for again; what is in use stays.
    mutating func forgetRevision() { revision = nil }

    /// Takes an answer in.
    ///
    /// A function's change is taken whole or not at all: one bad document, and the function keeps the policies that it
    /// has. Its caps are taken all the same, as a cap must never wait for a document.
    ///
    /// - Returns: The functions whose change was refused.
    mutating func merge(_ answer: PoliciesAnswer) -> [String] {
        let before = functions
        if answer.isFull { functions = [:] }
        revision = answer.revision
        modeCap = answer.modeCap
        var refused: [String] = []
        for change in answer.functions {
            var function = Function(narrowing: GrantNarrowing(change))
            let (policies, messages) = Self.compile(change)
            if messages.isEmpty {
                function.policies = policies
            } else {
                function.policies = before[change.name]?.policies ?? []
                function.messages = messages
                refused.append(change.name)
            }
            let isOfUse = !function.policies.isEmpty || !messages.isEmpty || function.narrowing != GrantNarrowing()
            functions[change.name] = isOfUse ? function : nil
        }
        return refused
    }

    private static func compile(_ change: PoliciesAnswer.Function) -> (policies: [CompiledPolicy], messages: [String]) {
        var policies: [CompiledPolicy] = []
        var messages: [String] = []
        for document in change.documents {
            let result = PolicyCompiler.compile(document)
            guard let policy = result.policy, result.errors.isEmpty else {
                messages += result.errors.map(\.description)
                continue
            }
            if policy.id == change.name {
                policies.append(policy)
            } else {
                messages.append("$.metadata.policy_id: is \"\(policy.id)\", expected \"\(change.name)\"")
            }
        }
        return (policies, Array(messages.prefix(mostMessages)))
    }

    /// The functions' names in parts of at most so many; at least one part.
    func parts(of size: Int) -> [ArraySlice<String>] {
        let names = functions.keys.sorted()
        return stride(from: 0, to: max(names.count, 1), by: max(size, 1)).map { start in
            names[start..<min(names.count, start + max(size, 1))]
        }
    }

    /// What is in use of these functions, as an answer that gives it again; the one of the first part is full.
    func answer(_ names: ArraySlice<String>) -> PoliciesAnswer {
        PoliciesAnswer(
            revision: revision ?? 0,
            isFull: names.startIndex == 0,
            modeCap: modeCap,
            functions: names.compactMap { name in functions[name].map { $0.answer(name) } }
        )
    }
}

extension CoordinatorPolicies.Function {
    fileprivate func answer(_ name: String) -> PoliciesAnswer.Function {
        PoliciesAnswer.Function(
            name: name,
            modeCap: narrowing.mode,
            preset: narrowing.preset,
            minimum: narrowing.minimum,
            maximum: narrowing.maximum,
            tier: narrowing.tier,
            // On one line: a line feed within a string is escaped.
            documents: policies.map { $0.document.encoded().filter { $0 != UInt8(ascii: "\n") } }
        )
    }
}

extension GrantNarrowing {
    fileprivate init(_ change: PoliciesAnswer.Function) {
        self.init(
            mode: change.modeCap,
            preset: change.preset,
            minimum: change.minimum,
            maximum: change.maximum,
            tier: change.tier
        )
    }
}
