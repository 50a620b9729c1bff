import FuyunPolicy
import FuyunProtocol

/// What differs between two policy documents, value by value.
enum DocumentDiff {
    /// The most differences that are told.
    static let maximumChanges = 1000

    /// The values that differ, in the order of the first document, then those that only the second one has.
    static func changes(_ from: PolicyDocument, _ to: PolicyDocument) -> [CoordinatorAPI.PolicyDiff.Change] {
        // A document that could be stored is JSON.
        guard let left = try? JSONDocument.parse(from.encoded()).root,
            let right = try? JSONDocument.parse(to.encoded()).root
        else { return [] }
        var changes: [CoordinatorAPI.PolicyDiff.Change] = []
        compare(left, right, at: .root, &changes)
        return changes
    }

    private static func compare(
        _ from: JSONValue?,
        _ to: JSONValue?,
        at path: JSONPath,
        _ changes: inout [CoordinatorAPI.PolicyDiff.Change]
    ) {
        guard changes.count < maximumChanges else { return }
        switch (from?.content, to?.content) {
        case (.object(let left), .object(let right)):
            for member in left { compare(member.value, to?[member.key], at: path.key(member.key), &changes) }
            for member in right where from?[member.key] == nil {
                compare(nil, member.value, at: path.key(member.key), &changes)
            }
        case (.array(let left), .array(let right)):
            for index in 0..<max(left.count, right.count) {
                compare(
                    index < left.count ? left[index] : nil,
                    index < right.count ? right[index] : nil,
                    at: path.index(index),
                    &changes
                )
            }
        default:
            let (before, after) = (from?.encoded(pretty: false), to?.encoded(pretty: false))
            if before != after {
                changes.append(CoordinatorAPI.PolicyDiff.Change(path: path.description, from: before, to: after))
            }
        }
    }
}
