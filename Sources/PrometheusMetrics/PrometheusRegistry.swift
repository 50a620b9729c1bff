public import CoreMetrics
import Synchronization

/// A metrics backend that keeps every series in memory and writes them as one Prometheus text page.
///
/// Labels are given as dimensions; a family's help text is set with `describe`. The number of series is bounded: beyond
/// `maximumSeries` a new series is handed out but not exported, and counted in `droppedSeries`, so that a mistake with a
/// label can never make the agent grow.
public final class PrometheusRegistry: MetricsFactory, Sendable {
    /// The upper bounds, in seconds, of the buckets in which durations are counted: 10 us to 10 s.
    public static let durationBuckets: [Double] = [
        0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 1, 10,
    ]

    struct SeriesKey: Hashable {
        var name: String
        var labels: String
    }

    enum Series: Sendable {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)
    }

    private struct State {
        var series: [SeriesKey: Series] = [:]
        var help: [String: String] = [:]
        var dropped: UInt64 = 0
    }

    private let state = Mutex(State())
    private let maximumSeries: Int

    /// Makes an empty registry.
    ///
    /// - Parameter maximumSeries: How many series are exported at most.
    public init(maximumSeries: Int = 20_000) {
        self.maximumSeries = maximumSeries
    }

    /// Series that were asked for beyond the bound and are not exported.
    public var droppedSeries: UInt64 { state.withLock { $0.dropped } }

    /// Sets the help line of a family.
    public func describe(_ name: String, _ help: String) {
        state.withLock { $0.help[name] = help }
    }

    private func find<Handler: Sendable>(
        _ label: String,
        _ dimensions: [(String, String)],
        existing: (Series) -> Handler?,
        make: (SeriesKey) -> (Handler, Series)
    ) -> Handler {
        let key = SeriesKey(name: label, labels: PrometheusText.labels(dimensions))
        return state.withLock { state in
            if let present = state.series[key], let handler = existing(present) { return handler }
            let (handler, series) = make(key)
            guard state.series.count < maximumSeries else {
                state.dropped += 1
                return handler
            }
            state.series[key] = series
            return handler
        }
    }

    /// The counter of this name and these labels.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions) {
            if case .counter(let counter) = $0 { counter } else { nil }
        } make: {
            let counter = CounterSeries(key: $0)
            return (counter, .counter(counter))
        }
    }

    /// The gauge of this name and these labels.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    /// The histogram of this name and these labels; without aggregation, a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions) : gauge(label, dimensions)
    }

    /// The histogram, in seconds, of this name and these labels.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions)
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        find(label, dimensions) {
            if case .gauge(let gauge) = $0 { gauge } else { nil }
        } make: {
            let gauge = GaugeSeries(key: $0)
            return (gauge, .gauge(gauge))
        }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramSeries {
        find(label, dimensions) {
            if case .histogram(let histogram) = $0 { histogram } else { nil }
        } make: {
            let histogram = HistogramSeries(key: $0, bounds: Self.durationBuckets)
            return (histogram, .histogram(histogram))
        }
    }

    private func forget(_ key: SeriesKey) {
        _ = state.withLock { $0.series.removeValue(forKey: key) }
    }

    /// Removes a counter's series.
    public func destroyCounter(_ handler: any CounterHandler) {
        if let counter = handler as? CounterSeries { forget(counter.key) }
    }

    /// Removes a gauge's series.
    public func destroyMeter(_ handler: any MeterHandler) {
        if let gauge = handler as? GaugeSeries { forget(gauge.key) }
    }

    /// Removes a histogram's or gauge's series.
    public func destroyRecorder(_ handler: any RecorderHandler) {
        if let histogram = handler as? HistogramSeries { forget(histogram.key) }
        if let gauge = handler as? GaugeSeries { forget(gauge.key) }
    }

    /// Removes a histogram's series.
    public func destroyTimer(_ handler: any TimerHandler) {
        if let histogram = handler as? HistogramSeries { forget(histogram.key) }
    }

    /// All series as a Prometheus text page (format 0.0.4), families and series in alphabetical order.
    public func page() -> String {
        let (series, help) = state.withLock { ($0.series, $0.help) }
        var text = PrometheusText()
        var family = ""
        let sorted = series.sorted { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }
        for (key, value) in sorted {
            if key.name != family {
                family = key.name
                text.head(family, help: help[family], type: value.typeName)
            }
            text.write(key, value)
        }
        return text.page
    }
}

extension PrometheusRegistry.Series {
    fileprivate var typeName: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }
}
