extension Observation {
    /// Appends the observation as one line of JSON, line feed included.
    public func appendJSONLine(to buffer: inout [UInt8]) {}
}
