public import MemoryUnits

/// One call of a trace.
public struct TraceRow: Hashable, Sendable {
    /// The index of its group in `TraceLayout.groups`.
    public var group: Int
    /// What is known of it before it runs.
    public var features: FeatureRow
    /// The least limit with which it finishes.
    public var need: Bytes
    /// The limit that its user set; nil: the grant's preset.
    public var preset: Bytes?
    /// How long it ran, in seconds; 1 where the trace does not say.
    public var seconds: Double

    /// Makes a call.
    public init(group: Int = 0, features: FeatureRow, need: Bytes, preset: Bytes? = nil, seconds: Double = 1) {
        self.group = group
        self.features = features
        self.need = need
        self.preset = preset
        self.seconds = seconds
    }
}

/// A trace that is held in memory: its calls in the order in which they came.
public struct Trace: Hashable, Sendable {
    /// The columns that strategies may look at.
    public var layout: FeatureLayout
    /// The groups' names, in the order in which they were first seen; one empty name when the trace is not grouped.
    public var groups: [String]
    /// The calls.
    public var rows: [TraceRow]

    /// Makes a trace.
    public init(layout: FeatureLayout, groups: [String] = [""], rows: [TraceRow]) {
        self.layout = layout
        self.groups = groups
        self.rows = rows
    }
}
