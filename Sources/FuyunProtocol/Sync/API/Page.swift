extension CoordinatorAPI {
    /// A part of a list: `{"functions":[…],"next":"guest/f"}`.
    public struct Page<Element: PageElement>: Sendable {
        /// The elements, in the order of the list.
        public var elements: [Element]
        /// What to ask for to get the next page (`after`, or `before` where the newest come first); nil on the last.
        public var next: String?

        /// Makes a page.
        public init(_ elements: [Element], next: String? = nil) {
            self.elements = elements
            self.next = next
        }
    }

    /// What pages are made of.
    public protocol PageElement: Sendable {
        /// The key of the list.
        static var listKey: StaticString { get }
    }
}

extension CoordinatorAPI.Page: Equatable where Element: Equatable {}

extension CoordinatorAPI.Page: WireValue where Element: WireValue {
    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init([])
        var hasList = false
        let start = json.offset
        try json.object { json, key throws(JSONError) in
            if key == "next" {
                next = try json.stringOrNull()
            } else if key == "\(Element.listKey)" {
                hasList = true
                do throws(JSONError) { elements = try json.values() } catch { throw error.inside(key) }
            } else {
                try json.skip()
            }
        }
        guard hasList else { throw JSONError(.missing, "the key \(Element.listKey)", at: start) }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field(Element.listKey, elements)
        json.field("next", next)
        json.endObject()
    }
}
