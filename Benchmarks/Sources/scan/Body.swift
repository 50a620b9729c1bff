import BenchmarkSupport

/// A payload with numbers at `/first/width`, `/middle/height` and `/last/fps`, spread over it.
///
/// Between them, by bytes, half
/// are long strings and half numbers, objects and arrays.
func makeBody(of size: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix(seed: seed)
    var body = Array(#"{"first":{"name":"clip","width":1280}"#.utf8)
    var fields = 0
    func fill(to end: Int, _ body: inout [UInt8]) {
        var strings = 0
        var others = 0
        let piece = max(64, min(8192, (end - body.count) / 4))
        while body.count < end {
            let before = body.count
            let most = min(piece, end - body.count)
            body += Array(#","field\#(fields)":"#.utf8)
            fields += 1
            if strings <= others {
                appendString(to: &body, most, &random)
                strings += body.count - before
            } else {
                appendArray(to: &body, most, &random)
                others += body.count - before
            }
        }
    }
    fill(to: size / 2, &body)
    body += Array(#","middle":{"label":"m","height":720}"#.utf8)
    fill(to: size - 40, &body)
    body += Array(#","last":{"fps":29.97}}"#.utf8)
    return body
}

/// Text like base64 and prose, with an escape now and then.
private func appendString(to body: inout [UInt8], _ size: Int, _ random: inout SplitMix) {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/ ".utf8)
    body.append(UInt8(ascii: "\""))
    for _ in 0..<size {
        if random.next() % 512 == 0 { body += Array(#"\n"#.utf8) }
        body.append(letters[Int(random.next() % UInt64(letters.count))])
    }
    body.append(UInt8(ascii: "\""))
}

/// An array of small objects with numbers of every kind.
private func appendArray(to body: inout [UInt8], _ size: Int, _ random: inout SplitMix) {
    let end = body.count + size
    body.append(UInt8(ascii: "["))
    var isFirst = true
    while isFirst || body.count < end {
        if !isFirst { body.append(UInt8(ascii: ",")) }
        isFirst = false
        let number = random.next() % 100_000
        let real = Double(random.next() % 1_000_000) / 1000
        let element = #"{"id":\#(number),"at":[\#(real),\#(-real / 7)],"on":true,"tag":"t\#(number % 17)"}"#
        body += Array(element.utf8)
    }
    body.append(UInt8(ascii: "]"))
}
