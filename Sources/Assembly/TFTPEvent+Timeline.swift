import NetworkTypes
import TFTPService
import Timelines

extension TFTPEvent {
    /// Puts what happened on its machine's timeline.
    func record(with observer: any BootObserver) {
        switch self {
        case .finished(let subject, let length, _, _):
            subject.record(.loader, "\(subject.name) by TFTP, \(length) bytes", with: observer)
        case .failed(let subject, let reason):
            subject.record(.failed, "\(subject.name) by TFTP: \(reason)", with: observer)
        case .refused(let subject, _, let reason):
            subject.record(.failed, "\(subject.name) by TFTP: refused, \(reason)", with: observer)
        case .declined(let subject):
            subject.record(.seen, "\(subject.name) by TFTP: asked for its size", with: observer)
        case .requested, .started: break
        }
    }
}

extension TFTPSubject {
    fileprivate func record(_ stage: BootStage, _ detail: String, with observer: any BootObserver) {
        guard let machine = observer.machine(at: client.address) else { return }
        observer.record(BootEvent(mac: machine, stage: stage, detail: detail, address: client.address))
    }
}
