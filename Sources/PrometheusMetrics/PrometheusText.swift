/// Writes the Prometheus text exposition format, version 0.0.4.
struct PrometheusText {
    /// What was written so far.
    private(set) var page = ""

    /// Label pairs as they stand between braces, sorted as given; a name is cut to `[a-zA-Z0-9_]`, a value is escaped.
    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.map { name, value in
            let safeName = String(
                name.unicodeScalars.map {
                    ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                        ? Character($0) : "_"
                }
            )
            return "\(safeName)=\"\(escaped(value))\""
        }.joined(separator: ",")
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    mutating func head(_ name: String, help: String?, type: String) {
        if let help { page += "# HELP \(name) \(help)\n" }
        page += "# TYPE \(name) \(type)\n"
    }

    mutating func write(_ key: PrometheusRegistry.SeriesKey, _ series: PrometheusRegistry.Series) {
        switch series {
        case .counter(let counter): line(key.name, key.labels, String(counter.value))
        case .gauge(let gauge): line(key.name, key.labels, Self.number(gauge.value))
        case .histogram(let histogram):
            let counts = histogram.snapshot
            var total: UInt64 = 0
            for (index, count) in counts.buckets.enumerated() {
                total += count
                let bound = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
                let labels = key.labels.isEmpty ? "le=\"\(bound)\"" : "\(key.labels),le=\"\(bound)\""
                line("\(key.name)_bucket", labels, String(total))
            }
            line("\(key.name)_sum", key.labels, Self.number(counts.sum))
            line("\(key.name)_count", key.labels, String(total))
        }
    }

    private mutating func line(_ name: String, _ labels: String, _ value: String) {
        page += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    /// A number without a needless fraction.
    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.isNaN ? "NaN" : value == .infinity ? "+Inf" : value == -.infinity ? "-Inf" : "\(value)"
    }
}
