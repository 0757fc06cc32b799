import ArgumentParser
import Assembly
import Glibc
import Logging
import Settings
import Stores

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs the daemon: DHCP proxy, TFTP, HTTP.",
        discussion: """
            It answers machines that ask to boot on the interfaces named, and nobody else, and it never gives out addresses: \
            the site's own DHCP server does that. Ports 67, 4011 and 69 need CAP_NET_BIND_SERVICE; capture, which is used \
            where another DHCP server on this host holds port 67, needs CAP_NET_RAW.

            SIGTERM and SIGINT end it: downloads under way have 5 seconds to finish, TFTP clients are told to stop. A changed \
            machines file takes effect by itself; changed settings when it is started again.
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        // A reader of the log that went away is no reason to stop.
        signal(SIGPIPE, SIG_IGN)
        let loaded = try options.load()
        let settings = try loaded.accepted()
        let logger = makeLogger(settings.logLevel)
        do {
            // Ports and captures need a right or two of root's; the store's folder must not be walked with the others.
            try StoreOwner.toBecome(for: settings.store)?.startAgain()
            for remark in loaded.remarks { logger.warning("\(remark)") }
            try await Appliance(settings: settings, version: slipwayVersion, logger: logger).run()
        } catch let error as ApplianceError {
            throw CommandFailure.exit("slipway: \(error)")
        } catch let error as StoreError {
            throw CommandFailure.exit("slipway: \(error)")
        }
    }
}
