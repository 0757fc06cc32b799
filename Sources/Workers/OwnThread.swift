import CLinux
import Glibc
import Synchronization

/// A thread of one's own, for what waits in system calls as long as a server lives: it takes no part in a pool, so that no
/// pool is ever without it.
///
/// This and ``BlockingWork`` are the two ways off the cooperative pool. Work that ends by itself goes to `BlockingWork`, which
/// bounds how much of it there is; of these threads there are as many as somebody has written down.
public final class OwnThread<Value: Sendable>: Sendable {
    private enum State {
        case running([CheckedContinuation<Value, any Error>])
        case ended(Result<Value, any Error>)
    }

    private let state = Mutex(State.running([]))

    /// Starts a thread that runs `body`. It goes on when nobody holds this object any more.
    ///
    /// - Parameter name: What ps and top call it; the kernel keeps 15 bytes.
    public init(named name: String, _ body: @escaping @Sendable () throws -> Value) throws(ThreadError) {
        let start = Start(name: name) { [self] in
            let result = Result(catching: body)
            return { self.end(result) }
        }
        let argument = Unmanaged.passRetained(start)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                // What the body holds goes before anybody hears of its end.
                run(Unmanaged<Start>.fromOpaque(argument).takeRetainedValue())()
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw ThreadError(name: name, code: code)
        }
        pthread_detach(thread)
    }

    /// What the body gave or threw, once it has ended. A task that is cancelled waits all the same: whoever asks wants to know
    /// that the thread has let go of everything.
    public var value: Value {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let ended: Result<Value, any Error>? = state.withLock { state in
                    switch state {
                    case .ended(let result): return result
                    case .running(let waiting):
                        state = .running(waiting + [continuation])
                        return nil
                    }
                }
                if let ended { continuation.resume(with: ended) }
            }
        }
    }

    private func end(_ result: Result<Value, any Error>) {
        let waiting: [CheckedContinuation<Value, any Error>] = state.withLock { state in
            guard case .running(let waiting) = state else { return [] }
            state = .ended(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(with: result) }
    }
}

/// What a new thread is given.
private final class Start: Sendable {
    let name: String
    /// Gives what is left to do when this is gone.
    let body: @Sendable () -> @Sendable () -> Void

    init(name: String, _ body: @escaping @Sendable () -> @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func run(_ start: consuming Start) -> @Sendable () -> Void {
    linux_name_thread(start.name)
    return start.body()
}

/// The system has no thread to give.
public struct ThreadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name that the thread would have had.
    public var name: String
    /// The error number of pthread_create(3).
    public var code: Int32

    public var description: String {
        "no thread could be started for \(name): \(String(cString: strerror(code))); raise TasksMax of the systemd unit, "
            + "or the limit on processes (ulimit -u)"
    }
}
