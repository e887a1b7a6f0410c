// The exports of `k6/experimental/streams`: the classes of the standard as agent/js/vendor/web-streams.js has them, of which k6 knows
// one thing more, sources of the type "default". Evaluates to (webStreams) => exports.
((webStreams) => {
  // The same source without a type, which is the standard's for what k6 calls "default".
  const plain = (source) =>
    new Proxy(source, { get: (target, key) => (key === 'type' ? undefined : Reflect.get(target, key)) });
  // A proxy and no subclass, so that streams that tee() and from() make are instances, too.
  const ReadableStream = new Proxy(webStreams.ReadableStream, {
    construct(target, [source, ...others], newTarget) {
      const known = source?.type === 'default' ? plain(source) : source;
      return Reflect.construct(target, [known, ...others], newTarget);
    },
  });
  Object.defineProperty(ReadableStream.prototype, 'constructor', { value: ReadableStream, writable: true, configurable: true });
  return { ...webStreams, ReadableStream };
})
