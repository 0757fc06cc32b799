import Glibc

/// Runs work that recurses as deeply as a document is nested.
///
/// A server's threads may have half a mebibyte of stack, and go-yaml accepts ten thousand levels of flow collections within
/// as many of block collections. A thread of its own costs less than the reading of such a document, and its stack is only
/// reserved: pages are taken as they are touched.
enum DeepStack {
    /// How deeply work may recurse here: go-yaml's two limits together, and room for the fixed part around them.
    static let maximumDepth = 20_100
    /// What is sure to fit on the stack of any thread.
    static let shallowDepth = 24
    /// Unoptimised code takes some 4 KiB for each level.
    private static let stackSize = 256 << 20

    /// The result of `work`, which is done before this returns; nil if the system has no thread to give.
    static func run<T>(_ work: () -> T) -> T? {
        withoutActuallyEscaping(work) { work in
            let job = Job(work)
            var attributes = pthread_attr_t()
            var thread = pthread_t()
            guard pthread_attr_init(&attributes) == 0 else { return nil }
            defer { pthread_attr_destroy(&attributes) }
            let context = Unmanaged.passUnretained(job).toOpaque()
            guard pthread_attr_setstacksize(&attributes, stackSize) == 0,
                pthread_create(&thread, &attributes, Self.main, context) == 0
            else { return nil }
            pthread_join(thread, nil)
            return job.result
        }
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        if let context { Unmanaged<AnyJob>.fromOpaque(context).takeUnretainedValue().run() }
        return nil
    }

    private class AnyJob {
        func run() {}
    }

    private final class Job<T>: AnyJob {
        private let work: () -> T
        private(set) var result: T?

        init(_ work: @escaping () -> T) { self.work = work }

        override func run() { result = work() }
    }
}
