// The classes are the library's, which passes the web platform's tests. Here is what is ours: that
// they work on our host and what k6 adds to them.
#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

class StreamsModule : public ModuleTest {
 protected:
  StreamsModule() {
    Run(R"js(
      Object.assign(globalThis, streams);
      globalThis.drain = async (stream) => {
        const reader = stream.getReader();
        const chunks = [];
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return chunks;
          chunks.push(value);
        }
      };
    )js");
  }
};

TEST_F(StreamsModule, HasTheClassesOfTheStandard) {
  EXPECT_EQ(
      R"(["ByteLengthQueuingStrategy","CountQueuingStrategy","ReadableByteStreamController","ReadableStream",)"
      R"("ReadableStreamBYOBReader","ReadableStreamBYOBRequest","ReadableStreamDefaultController",)"
      R"("ReadableStreamDefaultReader","TransformStream","TransformStreamDefaultController","WritableStream",)"
      R"("WritableStreamDefaultController","WritableStreamDefaultWriter"])",
      Run("return Object.keys(streams).sort()"));
  EXPECT_EQ("[]", Run("return Object.keys(streams).filter((name) => streams[name].name !== name)"));
}

TEST_F(StreamsModule, ReadsWhatASourceEnqueues) {
  EXPECT_EQ(R"([["a","b","c"],false])", Run(R"js(
    const chunks = ['a', 'b', 'c'];
    const stream = new ReadableStream({
      pull(controller) {
        if (chunks.length > 0) controller.enqueue(chunks.shift()); else controller.close();
      },
    }, new CountQueuingStrategy({ highWaterMark: 1 }));
    const before = stream.locked;
    return drain(stream).then((all) => [all, before]);
  )js"));
}

TEST_F(StreamsModule, WaitsForWhatComesLater) {
  EXPECT_EQ("\"first\"", Run(R"js(
    let resolve;
    const stream = new ReadableStream({ start: (controller) => { resolve = (value) => controller.enqueue(value); } });
    const read = stream.getReader().read();
    resolve('first');
    return read.then(({ value }) => value);
  )js"));
}

TEST_F(StreamsModule, KnowsSourcesOfK6sTypeDefault) {
  EXPECT_EQ("[7,true,true]", Run(R"js(
    const source = { type: 'default', number: 7, start(controller) { controller.enqueue(this.number); controller.close(); } };
    const stream = new ReadableStream(source);
    return drain(stream).then(([seven]) => [seven, stream instanceof ReadableStream, stream.constructor === ReadableStream]);
  )js"));
  EXPECT_EQ("[true,true]", Run(R"js(
    const stream = new ReadableStream({ type: 'default' });
    return [...stream.tee()].map((one) => one instanceof ReadableStream);
  )js"));
  EXPECT_THAT(Run("new ReadableStream({ type: 'other' })"), HasSubstr("TypeError"));
}

TEST_F(StreamsModule, ErrorsReachTheReader) {
  EXPECT_EQ("Error: broken", Run(R"js(
    const stream = new ReadableStream({ pull(controller) { controller.error(new Error('broken')); } });
    return stream.getReader().read();
  )js"));
  EXPECT_THAT(Run("const s = new ReadableStream(); s.getReader(); s.getReader()"),
              HasSubstr("TypeError: This stream has already been locked"));
  EXPECT_EQ("\"why\"", Run(R"js(
    let reason;
    return new ReadableStream({ cancel(given) { reason = given; } }).cancel('why').then(() => reason);
  )js"));
}

TEST_F(StreamsModule, PipesThroughATransform) {
  EXPECT_EQ(R"([["A","B"],["done"]])", Run(R"js(
    const written = [], end = [];
    const sink = new WritableStream({ write(chunk) { written.push(chunk); }, close() { end.push('done'); } });
    const upper = new TransformStream({ transform(chunk, controller) { controller.enqueue(chunk.toUpperCase()); } });
    return ReadableStream.from(['a', 'b']).pipeThrough(upper).pipeTo(sink).then(() => [written, end]);
  )js"));
}

TEST_F(StreamsModule, BlobsAreStreams) {
  EXPECT_EQ("[true,[[1,2,3]],[]]", Run(R"js(
    const stream = new websockets.Blob([new Uint8Array([1, 2, 3])]).stream();
    return (async () => [stream instanceof ReadableStream, (await drain(stream)).map((chunk) => [...chunk]),
      await drain(new websockets.Blob().stream())])()
  )js"));
  EXPECT_EQ("[2,[1,2]]", Run(R"js(
    const reader = new websockets.Blob([new Uint8Array([1, 2, 3])]).stream().getReader({ mode: 'byob' });
    return reader.read(new Uint8Array(2)).then(({ value }) => [value.length, [...value]]);
  )js"));
}

}  // namespace
}  // namespace lockstep::agent
