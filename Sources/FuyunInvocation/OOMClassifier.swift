/// Tells why a run ended for want of memory.
public enum OOMClassifier {
    /// Classifies.
    public static func classify(_ evidence: OOMEvidence) -> OOMVerdict { .none }
}
