import Foundation
import FuyunPolicy

/// What Foundation's parser has at a pointer, as a scan should tell it.
struct FoundationReading {
    private let root: Any

    /// Parses a document; throws what Foundation throws for what is no JSON.
    init(_ text: [UInt8]) throws {
        root = try JSONSerialization.jsonObject(with: Data(text), options: [.fragmentsAllowed])
    }

    /// The outcome and value for an entry.
    func read(_ pointer: String, _ target: ScanTarget) -> (ScanOutcome, Double) {
        guard let value = value(at: pointer), !(value is NSNull) else { return (.absent, 0) }
        switch (target, value) {
        case (.length, let array as [Any]): return (.found, Double(array.count))
        case (.length, let object as [String: Any]): return (.found, Double(object.count))
        case (.length, let string as String): return (.found, Double(string.unicodeScalars.count))
        case (.category(let values), let string as String):
            let bytes = Array(string.utf8)
            guard let index = values.firstIndex(where: { Array($0.utf8) == bytes }) else {
                return (.unknownCategory, 0)
            }
            return (.found, Double(index))
        case (.number, let number as NSNumber) where number.objCType.pointee != CChar(UInt8(ascii: "c")):
            // Long numbers come as NSDecimalNumber, whose doubleValue is not the nearest Double, while its digits are all
            // there.
            guard number is NSDecimalNumber else { return (.found, number.doubleValue) }
            return (.found, strtod(number.stringValue, nil))
        default: return (.wrongType, 0)
        }
    }

    private func value(at pointer: String) -> Any? {
        var value = root
        for token in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let key = String(token).replacing("~1", with: "/").replacing("~0", with: "~")
            if let object = value as? [String: Any], let member = object[key] {
                value = member
            } else if let array = value as? [Any], let index = Int(key), String(index) == key,
                array.indices.contains(index)
            {
                value = array[index]
            } else {
                return nil
            }
        }
        return value
    }
}

/// A random document and entries to read from it: most of them there, some not.
struct FuzzCase {
    let text: [UInt8]
    let entries: [(pointer: String, target: ScanTarget)]

    init(seed: UInt64) {
        let document = DocumentGenerator(seed: seed)
        var random = SplitMix(seed: ~seed)
        text = document.text
        entries = (0..<(1 + random.below(5))).map { _ in
            var pointer = random.pick(document.pointers)
            if random.below(8) == 0 { pointer += random.pick(["/a", "/0", "/nothing", "/3"]) }
            return (pointer, random.pick([.number, .length, .category(["a", "", "é", "0"])]))
        }
    }

    /// What differs between a scan of the text and Foundation's reading; nil when nothing does.
    func difference(in text: [UInt8]) throws -> String? {
        let foundation = try FoundationReading(text)
        let result = try text.withUnsafeBytes { try ScanPlan(entries).scan($0, isCut: false) }
        guard result.end == .complete || result.end == .stoppedEarly else { return "ended \(result.end)" }
        for (index, entry) in entries.enumerated() {
            let expected = foundation.read(entry.pointer, entry.target)
            guard result.outcome(index) == expected.0, result.value(index) == expected.1 else {
                return "\(entry): \(result.outcome(index)) \(result.value(index)), Foundation has \(expected)"
            }
        }
        return nil
    }
}
