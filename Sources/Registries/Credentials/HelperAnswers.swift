import Synchronization
import Workers

/// What helpers have answered, for a while: they ask clouds, keyrings and people, and a release is pulled in hundreds of requests.
actor HelperAnswers {
    /// How long an answer counts. The tokens in them live an hour or longer.
    static let lifetime = Duration.seconds(300)
    /// How long a failure counts, so that a helper which hangs does not hang anew for each request.
    static let failureLifetime = Duration.seconds(20)
    /// How many answers are kept.
    static let limit = 256

    private struct Question: Hashable {
        var helper: CredentialHelper
        var server: String
    }

    private struct Answer {
        var result: Result<Credential?, any Error>
        var end: ContinuousClock.Instant
    }

    private let environment: CredentialEnvironment
    private let timeLimit: Duration
    private let work: BlockingWork
    private let flights = SingleFlight<Question, Credential?>()
    private var answers: [Question: Answer] = [:]

    init(environment: CredentialEnvironment, timeLimit: Duration, work: BlockingWork) {
        self.environment = environment
        self.timeLimit = timeLimit
        self.work = work
    }

    /// What the helper answers about `server`, asked once however many want to know.
    func answer(of helper: CredentialHelper, about server: String) async throws -> Credential? {
        let question = Question(helper: helper, server: server)
        if let answer = answers[question], ContinuousClock.now < answer.end { return try answer.result.get() }
        let (environment, timeLimit, work) = (environment, timeLimit, work)
        let result: Result<Credential?, any Error>
        do {
            result = .success(
                try await flights.value(for: question) {
                    let isCancelled = Flag()
                    return try await withTaskCancellationHandler {
                        try await work.run {
                            try helper.ask(
                                server, environment: environment, within: timeLimit,
                                isCancelled: { isCancelled.isRaised })
                        }
                    } onCancel: {
                        isCancelled.raise()
                    }
                })
        } catch let error as CancellationError {
            throw error
        } catch {
            result = .failure(error)
        }
        keep(Answer(result: result, end: .now + Self.lifetime(of: result)), for: question)
        return try result.get()
    }

    private static func lifetime(of result: Result<Credential?, any Error>) -> Duration {
        if case .success = result { lifetime } else { failureLifetime }
    }

    private func keep(_ answer: Answer, for question: Question) {
        if answers.count >= Self.limit, answers[question] == nil,
            let oldest = answers.min(by: { $0.value.end < $1.value.end })
        {
            answers[oldest.key] = nil
        }
        answers[question] = answer
    }
}

/// Something that is raised once.
private final class Flag: Sendable {
    private let state = Mutex(false)
    var isRaised: Bool { state.withLock { $0 } }
    func raise() { state.withLock { $0 = true } }
}
