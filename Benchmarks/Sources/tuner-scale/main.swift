import BenchmarkSupport
import FuyunCoordinator
import FuyunStore
import Glibc
import PrometheusMetrics

// What the tuner costs as functions grow: first fits of all of them, another fit of all of them after more calls, and
// the news of one call of a function that needs nothing. Figures a function must not grow with their number.

var sizes = CommandLine.arguments.dropFirst().compactMap { Int($0) }
if sizes.isEmpty { sizes = [10, 1_000, 10_000] }

var table = Table([
    "functions", "first fits", "a function", "second fits", "a function", "one news", "one OOM to its version",
    "resident",
])
for size in sizes {
    do {
        let figures = try await Fleet(functions: size).measure()
        func each(_ duration: Duration) -> String { fixed(duration.inSeconds * 1e3 / Double(size), 2) + " ms" }
        table.add([
            String(size), fixed(figures.first.inSeconds, 2) + " s", each(figures.first),
            fixed(figures.second.inSeconds, 2) + " s", each(figures.second),
            fixed(figures.news.inSeconds * 1e9, 0) + " ns", fixed(figures.reaction.inSeconds * 1e3, 1) + " ms",
            "\(figures.resident >> 20) MiB",
        ])
    } catch {
        print("\(size) functions: \(error)")
        exit(1)
    }
}
table.print("The tuner as functions grow (6 calls each, then 10 more each; SQLite, every commit synced)")
