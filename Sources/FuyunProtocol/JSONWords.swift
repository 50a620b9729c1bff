/// The words that may stand at one place of a document, such as the keys of an object, for finding them without making a
/// string.
///
/// What is looked for is usually found at the first try: writers keep an order, and so does the table.
package struct JSONWords<Word: RawRepresentable<String> & CaseIterable & Sendable>: Sendable {
    /// The words, in the order of their cases.
    package let words: [Word]
    /// A set of all places whose keys must be there.
    let required: UInt64
    private let text: [UInt8]
    private let ends: [Int]

    /// Makes a table of all cases; `required` are the keys without which an object is refused.
    package init(_ type: Word.Type = Word.self, required: [Word] = []) {
        let words = Array(Word.allCases)
        precondition(words.count <= 64)
        var text: [UInt8] = []
        var ends: [Int] = []
        var places: UInt64 = 0
        for (place, word) in words.enumerated() {
            text += word.rawValue.utf8
            ends.append(text.count)
            if required.contains(where: { $0.rawValue == word.rawValue }) { places |= 1 << UInt64(place) }
        }
        self.words = words
        self.text = text
        self.ends = ends
        self.required = places
    }

    /// The place of a word, tried first at `guess`; nil when it is none of them.
    func place(of raw: UnsafeRawBufferPointer, guess: Int = 0) -> Int? {
        if guess < ends.count, isWord(raw, at: guess) { return guess }
        for place in ends.indices where isWord(raw, at: place) { return place }
        return nil
    }

    private func isWord(_ raw: UnsafeRawBufferPointer, at place: Int) -> Bool {
        let start = place == 0 ? 0 : ends[place - 1]
        guard ends[place] - start == raw.count else { return false }
        return text.withUnsafeBufferPointer { text in
            for index in raw.indices where raw[index] != text[start + index] { return false }
            return true
        }
    }

    /// The words for a message.
    var list: String { words.map(\.rawValue).joined(separator: ", ") }

    /// The first key that must be there and is not.
    func missing(in seen: UInt64) -> Word? {
        let missing = required & ~seen
        return missing == 0 ? nil : words[missing.trailingZeroBitCount]
    }
}
