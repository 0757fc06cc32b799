import Hummingbird
import HummingbirdCore

/// `/`: what this is, for people with a browser and for clients that look whether an Image Factory is here.
public struct FrontPage: RouteGroup {
    /// Name and version.
    let name: String

    /// The routes.
    public init(name: String) {
        self.name = name
    }

    public func add(to routes: inout Routes) {
        let page = text
        routes.get("") { _, _ in .text(page, type: "text/html; charset=utf-8") }
        routes.head("") { _, _ in Response(status: .ok) }
    }

    private var text: String {
        """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <title>\(name)</title>
        <h1>\(name)</h1>
        <p>A network boot appliance and Image Factory for Talos Linux. There are no pages to click through here; what there is:</p>
        <ul>
        <li><a href="/versions">/versions</a>: the Talos releases in the store
        <li><a href="/machines">/machines</a>: what each machine did when it booted
        <li><a href="/readyz">/readyz</a>: what an operator should look at; empty when all is well
        <li><a href="/metrics">/metrics</a>: for Prometheus
        <li><code>POST /schematics</code>, <code>/image/…</code>, <code>/pxe/…</code>: the Image Factory
        <li><a href="/boot.ipxe">/boot.ipxe</a>: where iPXE begins
        </ul>
        </html>

        """
    }
}
