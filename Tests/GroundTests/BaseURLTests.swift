import NetworkTypes
import Testing

@Suite struct BaseURLTests {
    @Test(arguments: [
        "http://10.77.0.2:8080", "http://10.77.0.2", "https://factory.example", "https://factory.example/",
        "http://boot.example:80/factory", "http://boot.example/a/b%20c/~x;y=1,z/", "http://[fd00::2]:8080/x",
        "http://[::1]",
        "http://node_1.rack-a.example.:65535", "http://localhost:1", "http://a/b:c@d",
    ])
    func whatIsOne(text: String) throws { #expect(try BaseURL(parsing: text).description == text) }

    @Test func itsParts() throws {
        let url = try BaseURL(parsing: "HTTP://[fd00::2]:8080/factory/")
        #expect(url.description == "http://[fd00::2]:8080/factory/")
        #expect(url.scheme == .http && url.host == .ipv6("fd00::2") && url.port == 8080 && url.path == "/factory/")
        #expect(url.path(of: "/machines") == "/factory/machines")
        #expect(try BaseURL(parsing: "http://a").path(of: "/machines") == "/machines")
    }

    @Test(arguments: [
        ("", "empty"), (" http://a", "blank"), ("http://a ", "blank"), ("http://a/b c", "blank"),
        ("http://a\n", "line break"),
        ("http://a\t", "control"), ("http://a/\u{7F}", "control"), ("http://${net0/ip}:8080", "'$'"),
        ("http://a/$x", "'$'"),
        ("http://a/?x=1", "query"), ("http://a?", "query"), ("http://a/#x", "fragment"), ("http://root@a", "user name"),
        ("http://root:secret@a:80/", "user name"), ("http://a:", "not a port"), ("http://a:0", "not a port"),
        ("http://a:65536", "not a port"), ("http://a:080", "not a port"), ("http://a:+80", "not a port"),
        ("http://a:8o", "not a port"), ("http://a:80:81", "not a port"), ("http://[::1]:x", "not a port"),
        ("a.example", "does not begin"), ("10.77.0.2:8080", "does not begin"), ("http:/a", "does not begin"),
        ("//a", "does not begin"), ("ftp://a", "'ftp'"), ("tftp://a", "'tftp'"), ("javascript://a", "'javascript'"),
        ("://a", "''"), ("http://", "no host"), ("http:///x", "no host"), ("http://:8080", "no host"),
        ("http://10.77.0", "'10.77.0'"), ("http://10.77.0.256", "'10.77.0.256'"), ("http://010.0.0.1", "'010.0.0.1'"),
        ("http://1", "'1'"), ("http://0x7f000001", "'0x7f000001'"), ("http://a..b", "'a..b'"), ("http://-a", "'-a'"),
        ("http://a!b", "'a!b'"), ("http://a%41", "'a%41'"), ("http://fd00::2", "brackets"), ("http://[fd00::2", "']'"),
        ("http://[fd00::2]8080", "behind ']'"), ("http://[10.0.0.1]", "not an IPv6"),
        ("http://[fe80::1%eth0]", "not an IPv6"),
        ("http://bücher.example", "not ASCII"), ("http://a/\u{A0}", "not ASCII"), ("http://a/(x)", "%28"),
        ("http://a/{x}", "%7B"), ("http://a/\"", "%22"), ("http://a/\\x", "%5C"), ("http://a\\b", "host name"),
        ("http://a/%4", "%25"), ("http://a/%zz", "%25"), ("http://a/%", "%25"),
        ("http://a/" + String(repeating: "x", count: 1024), "longer"),
        ("http://0.0.0.0", "0.0.0.0 stands for every address"), ("http://[::]:80/x", ":: stands for every address"),
        ("http://[0:0::0]", "stands for every address"), ("http://[::ffff:0.0.0.0]", "stands for every address"),
        ("http://224.0.0.1:8080", "224.0.0.1 is the address of a group"), ("https://239.255.255.255", "group"),
        ("http://[ff02::1]", "ff02::1 is the address of a group"), ("http://[::ffff:224.0.0.1]", "group"),
        ("http://255.255.255.255", "broadcast"),
    ])
    func whatIsNone(text: String, named: String) {
        let error = #expect(throws: AddressError.self) { try BaseURL(parsing: text) }
        #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        "0.0.0.0", "10.77.0.2", "::", "::1", "fe80::1%eth0", "localhost", "boot.example", "223.255.255.255",
        "240.0.0.1",
    ])
    func whatIsListenedOn(text: String) throws { #expect(try ListenAddress(parsing: text).description == text) }

    @Test(arguments: [
        ("", "empty"), (" ", "neither"), ("10.0.0.1 ", "neither"), ("10.0.0.300", "neither"), ("127.1", "neither"),
        ("0", "neither"),
        ("010.0.0.1", "neither"), ("10.0.0.1:8080", "--http-port"), ("a.example:80", "--http-port"),
        ("[::1]", "brackets"),
        ("[::1]:80", "brackets"), ("http://10.0.0.1", "no address"), ("10.0.0.0/8", "no address"), ("::g", "neither"),
        ("fe80::1%", "neither"), ("a b", "neither"), ("*", "neither"), ("10.0.0.1\n", "neither"),
        ("224.0.0.1", "224.0.0.1 is the address of a group"), ("255.255.255.255", "0.0.0.0 for all of them"),
        ("ff02::1%eth0", "ff02::1%eth0 is the address of a group"), ("::ffff:224.0.0.1", "address of this host"),
    ])
    func whatIsNotListenedOn(text: String, named: String) {
        let error = #expect(throws: AddressError.self) { try ListenAddress(parsing: text) }
        #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: ["a", "a.example:8080", "10.0.0.1", "[fd00::2]", "[fd00::2]:80", "a_b.:65535", "0.0.0.0:1"])
    func hostAndPort(text: String) throws { #expect(try Authority(parsing: text).description == text) }

    @Test(arguments: [
        "", ":", "a:", "a:0", "a b", "a/b", "a:80/", "[::1", "[::1%lo]", "::1", "u@a", "a:80:80", "a\n", "a\0",
    ])
    func whatIsNoHostAndPort(text: String) {
        #expect(throws: AddressError.self) { try Authority(parsing: text) }
    }

    @Test func addressesThatNoMachineHas() throws {
        for text in [
            "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01", "03:00:00:00:00:00",
        ] {
            #expect(try #require(MACAddress(parsing: text)).obstacle != nil, "\(text)")
        }
        for text in ["52:54:00:12:34:56", "02:00:00:00:00:00", "00:00:00:00:00:01", "fe:ff:ff:ff:ff:ff"] {
            #expect(try #require(MACAddress(parsing: text)).obstacle == nil, "\(text)")
        }
    }
}
