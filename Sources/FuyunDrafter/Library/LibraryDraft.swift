/// Candidates without a model: simple forms over what payloads were seen to hold.
public enum LibraryDraft {
    /// The candidates, the best first; all over the same inputs, and always a `constant` last.
    public static func candidates(for request: DraftRequest) -> [DraftCandidate] { [] }
}
