public import FuyunInvocation

/// Somewhere else that observations go, besides the log: the spool.
///
/// Called on the log's writing thread, in the order of the observations.
public protocol ObservationSink: Sendable {
    /// Whether this one is to be taken; asked once of each.
    func wants(_ observation: Observation) -> Bool

    /// Takes the lines that were wanted, where they lie in `bytes`, without their line feeds.
    func take(_ bytes: [UInt8], _ payloads: [Range<Int>])
}
