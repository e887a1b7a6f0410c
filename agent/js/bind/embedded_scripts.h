// Texts of scripts that are part of the program, embedded by CMake.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// agent/js/vendor/swc.js: evaluates to the function (bytes) => { transformSync }, the TypeScript
// compiler; `bytes` is its WebAssembly, which SwcWasmBrotli is, compressed.
absl::string_view SwcSource();
absl::string_view SwcWasmBrotli();
// agent/js/typescript.js: evaluates to the function (compiler) => (source, filename) => what became of it.
absl::string_view TypeScriptSource();
// agent/js/k6/browser.js: evaluates to the exports of k6/browser.
absl::string_view BrowserSource();
// agent/js/web/url.js: evaluates to the function (toAscii) => { URL, URLSearchParams };
// `toAscii` is DomainToAscii.
absl::string_view WebUrlSource();
// agent/js/web/crypto.js: evaluates to the function (native) => { crypto, CryptoKey }; `native` is
// what MakeWebCryptoFunctions makes.
absl::string_view WebCryptoSource();
// agent/js/web/crypto_pairs.js: evaluates to the function (native, common) that makes the part of
// WebCrypto with pairs of keys; crypto.js calls it.
absl::string_view WebCryptoPairsSource();
// agent/js/web/library.js: evaluates to the functions of the language that V8 may lack.
absl::string_view LibrarySource();
// agent/js/web/dom.js: evaluates to the function (native) => { DOMException, Event, ... }.
absl::string_view WebDomSource();
// agent/js/web/blob.js: evaluates to the function (native) => { Blob, File, ... }.
absl::string_view WebBlobSource();
// agent/js/web/form_data.js: evaluates to the function (native) => { FormData, ... }.
absl::string_view WebFormDataSource();
// agent/js/web/fetch.js: evaluates to the function (native) => { fetch, Headers, Request, Response }.
absl::string_view WebFetchSource();
// agent/js/vendor/css-select.js: evaluates to { compile }, the compiler of css-select.
absl::string_view CssSelectSource();
// agent/js/vendor/web-streams.js: evaluates to the classes of the standard on streams, by their names.
absl::string_view WebStreamsSource();
// agent/js/k6/redis.js: evaluates to the function (native) => { Client }.
absl::string_view RedisSource();
// agent/js/k6/streams.js: evaluates to the function (webStreams) => the exports of k6/experimental/streams.
absl::string_view StreamsSource();
// agent/js/k6/seeded_random.js: evaluates to the function (buffer) that replaces Math.random.
absl::string_view SeededRandomSource();
// agent/js/k6/options_data.js: evaluates to the function (options) => [JSON, mistake, ...].
absl::string_view OptionsDataSource();
// agent/js/k6/setup_data.js: evaluates to the function (value, isHostObject, base64) => JSON.
absl::string_view SetupDataSource();
// agent/js/k6/shared_array.js: evaluates to the function (load, length) => array.
absl::string_view SharedArraySource();
// agent/js/k6/grpc.js: evaluates to the function (native) => { Client, Stream }.
absl::string_view GrpcSource();
// agent/js/k6/html*.js: the parts of k6/html. Each says what it evaluates to; html.js takes what the others do.
absl::string_view HtmlSource();
absl::string_view HtmlElementSource();
absl::string_view HtmlSelectorsSource();
absl::string_view HtmlTreeSource();
// agent/js/k6/bound_methods.js: evaluates to the function () => bindMethods, which takes a class.
absl::string_view BoundMethodsSource();
// agent/js/k6/emitter.js: evaluates to the function () => Emitter.
absl::string_view EmitterSource();
// agent/js/lockstep/mqtt.js: evaluates to the function (native) => ({ connect, connectAsync, MqttClient, default }).
absl::string_view MqttSource();
// agent/js/lockstep/k6_mqtt.js: evaluates to the function (native) => ({ Client, QoS }).
absl::string_view K6MqttSource();
// agent/js/k6/http_stream.js: evaluates to the function (native) => (number) => stream.
absl::string_view HttpStreamSource();
// agent/js/lockstep/socketio.js: evaluates to the function (native) => ({ io, connect, Manager, Socket, default }).
absl::string_view SocketIoSource();
// agent/js/lockstep/socketio_socket.js: evaluates to the function (native) => Socket.
absl::string_view SocketIoSocketSource();
// agent/js/lockstep/sse.js: evaluates to the function (native) => ({ EventSource }).
absl::string_view SseSource();
// agent/js/k6/websockets.js: evaluates to the function (native) => { WebSocket, Blob }.
absl::string_view WebSocketsSource();

}  // namespace lockstep::agent
