// Bodies that a script reads while they come: `responseType: 'stream'` of k6/http.
#pragma once

#include <v8.h>

#include "absl/functional/any_invocable.h"

#include "agent/http/call.h"
#include "agent/js/bind/numbered.h"
#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// Read by nobody: from then on the server waits.
inline constexpr size_t kMostUnreadBytes = size_t{1} << 20;

// A VU's streams; part of HttpModule. A stream is known by its number until all of it is read.
class HttpStreams {
 public:
  // The head of an answer whose body is `stream`; or a failure without a head, and 0.
  struct Answer {
    HttpCallResult result;
    uint64_t stream = 0;
  };
  using Done = absl::AnyInvocable<void(Answer)>;

  explicit HttpStreams(ApiVu& vu);
  ~HttpStreams();

  // Submits a request; its number. `done` is called once, on the loop, in a later turn.
  uint64_t Start(HttpCallEnv& env, HttpCallSpec spec, Done done);
  // The object that a script reads a body with.
  v8::MaybeLocal<v8::Value> MakeBody(Context context, uint64_t number);
  // Returns to the function's caller a promise of the next piece, an ArrayBuffer, or of undefined
  // after the last. The function's first argument is the stream's number, also that of Stop.
  void Read(const Info& info);
  // No more of it is wanted: what has come so far is the request's sample.
  void Stop(const Info& info);
  void StopAll();
  // Without a sample.
  void Forget(uint64_t number);

 private:
  class Stream;

  ApiVu& vu_;
  Numbered<Stream> streams_;
  v8::Global<v8::Function> make_body_;
};

}  // namespace lockstep::agent
