import BenchmarkSupport
import Foundation

// A million documents against Foundation's parser, half of them whole and half damaged, then damaged policies.
// Options: the number of documents (1000000), the seed (a random one).

let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
let count = arguments.first ?? 1_000_000
let seed = arguments.dropFirst().first ?? UInt64.random(in: 0..<1 << 32)
print("seed \(seed)")
let clock = ContinuousClock()
var fuzz = Fuzz(seed: seed)

var table = Table(["what", "inputs", "MB", "seconds", "note"])
var wholeBytes = 0
var time = try clock.measure { wholeBytes = try fuzz.compareWholeDocuments(count / 2) }
table.add([
    "whole documents", "\(count / 2)", "\(wholeBytes >> 20)", fixed(time.inSeconds, 1), "each as Foundation reads it",
])
var damaged = (bytes: 0, sound: 0)
time = try clock.measure { damaged = try fuzz.scanDamagedDocuments(count - count / 2) }
table.add([
    "damaged documents", "\(count - count / 2)", "\(damaged.bytes >> 20)", fixed(time.inSeconds, 1),
    "\(damaged.sound) still sound",
])
var accepted = 0
time = clock.measure { accepted = fuzz.compileDamagedPolicies(count / 4) }
table.add(["damaged policies", "\(count / 4)", "", fixed(time.inSeconds, 1), "\(accepted) accepted"])
table.print("Fuzz: no crash, no byte read behind the end, \(fuzz.failures) failures")
exit(fuzz.failures == 0 ? 0 : 1)
