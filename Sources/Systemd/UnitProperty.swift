public import MemoryUnits

/// A memory property of a unit, as systemd.resource-control(5) names it.
public enum UnitPropertyName: String, Hashable, Sendable, CaseIterable {
    /// The hard limit, memory.max.
    case memoryMax = "MemoryMax"
    /// The limit of swap, memory.swap.max.
    case memorySwapMax = "MemorySwapMax"
    /// The throttling limit, memory.high.
    case memoryHigh = "MemoryHigh"
}

/// A memory property with its value.
public struct UnitProperty: Hashable, Sendable {
    /// Which property.
    public var name: UnitPropertyName
    /// Its value; nil is `infinity`, the kernel's `max`.
    public var value: Bytes?

    /// Makes a property with a value; nil is `infinity`.
    public init(_ name: UnitPropertyName, _ value: Bytes?) {
        self.name = name
        self.value = value
    }

    /// The value on the bus, where the largest number means `infinity`.
    var wireValue: UInt64 { value?.rawValue ?? .max }
}
