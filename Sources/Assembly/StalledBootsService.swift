import BootPlans
import Machines
import ServiceLifecycle
import Timelines

/// Says of boots that stop that they have, and what it most likely is.
struct StalledBootsService: Service {
    let timeline: BootTimeline
    let planner: BootPlanner
    private static let pause = Duration.seconds(5)

    init(timeline: BootTimeline, planner: BootPlanner) {
        self.timeline = timeline
        self.planner = planner
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: Self.pause) } catch { return }
                timeline.noteStalls { boot in
                    let match = planner.match(for: MachineIdentity(mac: boot.mac))
                    return boot.sentence(wantsSecureBoot: match?.assignment.secureBoot ?? false)
                }
            }
        }
    }
}
