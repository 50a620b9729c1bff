public import CoreMetrics

/// Makes described metrics of one registry.
public struct MetricMaker: Sendable {
    /// Where the series live.
    public let registry: PrometheusRegistry

    /// Makes metrics of this registry.
    public init(registry: PrometheusRegistry) { self.registry = registry }

    /// A count that only grows; its name ends in `_total`.
    public func counter(_ name: String, _ help: String, _ labels: [(String, String)] = []) -> Counter {
        registry.describe(name, help)
        return Counter(label: name, dimensions: labels, factory: registry)
    }

    /// A value that goes up and down; its name ends in its unit.
    public func gauge(_ name: String, _ help: String, _ labels: [(String, String)] = []) -> Meter {
        registry.describe(name, help)
        return Meter(label: name, dimensions: labels, factory: registry)
    }

    /// A histogram of durations; its name ends in `_seconds`.
    public func timer(_ name: String, _ help: String, _ labels: [(String, String)] = []) -> Timer {
        registry.describe(name, help)
        return Timer(label: name, dimensions: labels, factory: registry)
    }

    /// One counter for every case of a closed set, so that no label is made at run time.
    public func counters<Case: Hashable & CaseIterable & RawRepresentable<String>>(
        _ name: String,
        _ help: String,
        label: String,
        of type: Case.Type
    ) -> [Case: Counter] {
        Dictionary(
            uniqueKeysWithValues: type.allCases.map { ($0, counter(name, help, [(label, $0.rawValue)])) }
        )
    }
}
