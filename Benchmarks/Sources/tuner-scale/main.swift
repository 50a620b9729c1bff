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
/// A duration in milliseconds, a function.
func each(_ duration: Duration, _ size: Int) -> String {
    fixed(duration.inSeconds * 1e3 / Double(size), 2) + " ms"
}

func row(_ size: Int, _ figures: Fleet.Figures) -> [String] {
    let first = fixed(figures.first.inSeconds, 2) + " s"
    let second = fixed(figures.second.inSeconds, 2) + " s"
    let news = fixed(figures.news.inSeconds * 1e9, 0) + " ns"
    let reaction = fixed(figures.reaction.inSeconds * 1e3, 1) + " ms"
    let resident = "\(figures.resident >> 20) MiB"
    return ["\(size)", first, each(figures.first, size), second, each(figures.second, size), news, reaction, resident]
}

for size in sizes {
    do {
        var fleet = Fleet(functions: size)
        let figures = try await fleet.measure()
        table.add(row(size, figures))
    } catch {
        print("\(size) functions: \(error)")
        exit(1)
    }
}
table.print("The tuner as functions grow (6 calls each, then 10 more each; SQLite, every commit synced)")
