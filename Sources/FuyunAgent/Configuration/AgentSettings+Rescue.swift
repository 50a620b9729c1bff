public import MemoryUnits
import Settings

extension AgentConfiguration {
    /// How calls in flight are saved.
    public struct Rescue: Sendable, Equatable {
        /// Whether they are at all.
        public var isEnabled: Bool
        /// Memory of the node that no rescue touches.
        public var reserve: Bytes
        /// The most that all rescues in flight may have above what their calls began with; nil: the node's room.
        public var budget: Bytes?
        /// The same for the rescues of one function.
        public var functionBudget: Bytes?
        /// How long a container is kept waiting for room.
        public var patience: Duration
        /// By which factor a raise multiplies the limit at least.
        public var growth: Double

        init(reading settings: SettingReader) {
            isEnabled = settings.flag("rescue.enabled")
            reserve = settings.bytes("rescue.reserve_bytes")
            budget = settings.bytesOrNone("rescue.budget_bytes")
            functionBudget = settings.bytesOrNone("rescue.function_budget_bytes")
            patience = settings.milliseconds("rescue.patience_ms")
            growth = 1 + Double(settings.whole("rescue.growth_percent")) / 100
        }
    }

    static let rescueSettings: [Setting] = [
        .flag(
            "rescue.enabled",
            true,
            "whether calls that need more than their limit are raised while they run; needs Linux 5.9 and uses memory.high"
        ),
        .whole(
            "rescue.reserve_bytes",
            0...(1 << 50),
            256 << 20,
            "memory of the node (MemAvailable) that no rescue touches"
        ),
        .whole(
            "rescue.budget_bytes",
            0...(1 << 50),
            0,
            "most that all rescues in flight may have above what their calls began with; 0 is the node's room"
        ),
        .whole("rescue.function_budget_bytes", 0...(1 << 50), 0, "the same for the rescues of one function"),
        .whole(
            "rescue.patience_ms",
            100...600_000,
            3_000,
            "longest time without room after which the last in the order is left to its own limit"
        ),
        .whole("rescue.growth_percent", 5...100, 12, "least raise, as a share of the limit"),
    ]
}
