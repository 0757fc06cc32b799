/// What a server sends, and how.
struct Answer: Sendable {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var body = CaseBody([])
    /// After so many bytes of the body the connection ends.
    var cut: Int?
    var isReset = false
    var closes = false
    var bytesPerSecond: Int?

    init(status: Int) { self.status = status }

    init(bytes: [UInt8], type: String) {
        status = 200
        headers = [("Content-Type", type)]
        body = CaseBody(bytes)
    }

    init(json: String) { self.init(bytes: Array(json.utf8), type: "application/json") }

    init(missing path: String) {
        let code = path.contains("/blobs/") ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN"
        self.init(json: #"{"errors":[{"code":"\#(code)","message":"unknown to the script"}]}"#)
        status = 404
    }

    init(_ response: RegistryCase.Response, _ fill: (String) -> String) throws {
        guard let status = response.status, status >= 100 else { throw CaseFailure("an answer without a status") }
        self.status = status
        for (name, values) in (response.headers ?? [:]).sorted(by: { $0.key < $1.key }) {
            headers += values.all.map { (name, fill($0)) }
        }
        body = try response.content(fill)
        cut = response.cut
        isReset = response.reset ?? false
        closes = response.closeAfterBody ?? false
        bytesPerSecond = response.bytesPerSecond
    }

    func has(_ name: String) -> Bool { headers.contains { $0.name.lowercased() == name.lowercased() } }

    /// The answer's first part, with the length of the body where nothing is said of it.
    func head(isChunked: Bool) -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(status < 400 ? "OK" : "No")\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if isChunked {
            text += "Transfer-Encoding: chunked\r\n"
        } else if !has("Content-Length"), status != 204, status != 304 {
            text += "Content-Length: \(body.length)\r\n"
        }
        return Array((text + "\r\n").utf8)
    }
}
