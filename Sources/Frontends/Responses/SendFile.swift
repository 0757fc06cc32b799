import CLinux
import Compositions
import Glibc
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOPosix
import SystemPackage

/// Asks the pipeline to send a part of an open file as response body, by the connection's ``BodyTransport``.
///
/// The frontends' library writes bodies as byte buffers only, so this travels beside it as an outbound event, in order with
/// the parts that are written before and after.
struct SendFile: Sendable {
    /// The open file. It belongs to the sender, who closes it after the event's promise has completed.
    var descriptor: SystemPackage.FileDescriptor
    /// What the file has to be, all the while.
    var file: StoredFile
    /// Which bytes of it.
    var range: Range<Int>

    /// How much goes out between two looks at the file: so much that the looks cost nothing, and so little that the page cache
    /// is filled one step ahead of the wire.
    static let step = Int(StoredFile.step)
    /// How many steps go out at once where the pages are in memory. Each passes through the whole pipeline, which at the speed of
    /// memory is a good part of the work.
    static let cachedSteps = 4

    /// The end of what goes out from `start` on. The last step goes by itself, so that a client whose file is altered before it
    /// has got that far is cut off, and does not believe to have everything.
    func end(from start: Int, isCached: (Int) -> Bool) -> Int {
        let left = range.upperBound - start
        let steps = min(Self.cachedSteps, (left - 1) / Self.step)
        guard steps > 1 else { return start + min(Self.step, left) }
        let end = start + steps * Self.step
        return isCached(end - 1) ? end : start + Self.step
    }
}

/// Turns ``SendFile`` events into body parts for the HTTP/1 encoder, step by step and each written before the next: file regions
/// without leaving the event loop, or buffers that another thread has read.
final class SendFileHandler: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let transport: BodyTransport

    init(_ transport: BodyTransport) { self.transport = transport }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let event = event as? SendFile else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: event.descriptor.rawValue)
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenComplete { result in
            // A handle must be given up before it is dropped; the descriptor itself stays its owner's.
            _ = try? handle.takeDescriptorOwnership()
            promise?.completeWith(result)
        }
        send(event, from: event.range.lowerBound, of: handle, context: context, promise: sent)
    }

    private func send(
        _ event: SendFile, from start: Int, of handle: NIOFileHandle, context: ChannelHandlerContext,
        promise: EventLoopPromise<Void>
    ) {
        // Also after the last step: a file that changed under it must not count as sent. And at the end of a file that shrank,
        // sendfile would give nothing, again and again.
        do { try event.file.check(event.descriptor) } catch { return promise.fail(error) }
        guard start < event.range.upperBound else { return promise.succeed() }
        let written = context.eventLoop.makePromise(of: Int.self)
        written.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let end): self.send(event, from: end, of: handle, context: context, promise: promise)
            case .failure(let error): promise.fail(error)
            }
        }
        switch transport {
        case .sendfile: sendRegion(of: event, from: start, of: handle, context: context, written)
        case .buffers: sendBuffer(of: event, from: start, of: handle, context: context, written)
        }
    }

    /// Writes a step as a region of the file. `written` gets its end.
    private func sendRegion(
        of event: SendFile, from start: Int, of handle: NIOFileHandle, context: ChannelHandlerContext,
        _ written: EventLoopPromise<Int>
    ) {
        let end = event.end(from: start) { linux_is_cached(event.descriptor.rawValue, off_t($0)) != 0 }
        event.readAhead(to: end..<min(end + SendFile.step, event.range.upperBound))
        let region = FileRegion(fileHandle: handle, readerIndex: start, endIndex: end)
        context.writeAndFlush(wrapOutboundOut(.body(.fileRegion(region)))).map { end }.cascade(to: written)
    }

    /// Reads a step on another thread, looks whether the file is still what it was, and writes the step as a buffer. `written`
    /// gets its end. The file stays open until then, also where the connection has ended meanwhile.
    private func sendBuffer(
        of event: SendFile, from start: Int, of handle: NIOFileHandle, context: ChannelHandlerContext,
        _ written: EventLoopPromise<Int>
    ) {
        let count = min(BodyTransport.bufferLength, event.range.upperBound - start)
        NonBlockingFileIO(threadPool: .singleton).read(
            fileHandle: handle, fromOffset: Int64(start), byteCount: count, allocator: context.channel.allocator,
            eventLoop: context.eventLoop
        ).assumeIsolated().whenComplete { result in
            do {
                let buffer = try result.get()
                try event.file.check(event.descriptor)
                guard buffer.readableBytes == count else { throw SegmentError.shortened(path: event.file.path) }
                context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(buffer)))).map { start + count }
                    .cascade(to: written)
            } catch {
                written.fail(error)
            }
        }
    }
}

extension SendFile {
    /// Starts reading a part from disk, so that the event loop does not wait for it later. Where it is in memory already, the
    /// advice alone would cost a look at each of its pages.
    fileprivate func readAhead(to part: Range<Int>) {
        guard !part.isEmpty, linux_is_cached(descriptor.rawValue, off_t(part.upperBound - 1)) == 0 else { return }
        posix_fadvise(descriptor.rawValue, off_t(part.lowerBound), off_t(part.count), POSIX_FADV_WILLNEED)
    }
}
