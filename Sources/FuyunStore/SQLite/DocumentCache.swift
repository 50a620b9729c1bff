import FuyunPolicy
import Synchronization

/// Documents that were read already, by the row that they are in; a row's document never changes, and its number is never
/// given again.
final class DocumentCache: Sendable {
    /// Some 2 KiB each.
    private static let capacity = 8192
    private let kept = Mutex<[Int64: PolicyDocument]>([:])

    /// A row's document; read with `text` when it is not known yet.
    func document(_ row: Int64, text: () throws -> String) throws -> PolicyDocument {
        if let known = kept.withLock({ $0[row] }) { return known }
        guard let document = PolicyCompiler.compile(Array(try text().utf8)).document else {
            throw StoreError(.corrupt, "the document of policy row \(row) cannot be read; restore a backup")
        }
        kept.withLock { kept in
            if kept.count >= Self.capacity { kept.removeAll(keepingCapacity: true) }
            kept[row] = document
        }
        return document
    }
}
