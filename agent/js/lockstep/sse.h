// The module `lockstep/sse`: the class EventSource, modelled on the web's, with any method, headers
// and body. Events come while the script is not waiting for anything else; an iteration lasts until
// its sources are closed.
#pragma once

#include <cstdint>
#include <optional>

#include <v8.h>

#include "agent/http/call.h"
#include "agent/http/sampler.h"
#include "agent/js/bind/numbered.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/module_metrics.h"

namespace lockstep::agent {

// A source as a script asked for it.
struct SsePlan {
  HttpCallSpec request;
  absl::Duration timeout = absl::Seconds(60);  // until the head of the answer
  absl::Duration retry = absl::Seconds(3);     // until it connects anew, if the server does not say
  bool reconnect = true;
};

class SseModule final : public VuPart {
 public:
  // `vu` outlives the module.
  explicit SseModule(ApiVu& vu);
  ~SseModule() override;
  SseModule(const SseModule&) = delete;
  SseModule& operator=(const SseModule&) = delete;

  v8::Local<v8::Object> MakeExports(Context context);
  // Cuts the connections that an interrupted iteration left.
  void EndIteration() override;

  class Source;
  ApiVu& vu() { return vu_; }
  ModuleMetrics& metrics() { return metrics_; }
  HttpCallEnv& env();
  // Opens a source whose events go to `emit`; returns its number.
  uint64_t Open(v8::Isolate* isolate, SsePlan plan, v8::Local<v8::Function> emit);
  Numbered<Source>& sources() { return sources_; }

 private:
  ApiVu& vu_;
  ModuleMetrics metrics_;
  // Made with the first source. The sampler is there for its tags.
  std::optional<HttpSampler> sampler_;
  std::optional<HttpCallEnv> env_;
  Numbered<Source> sources_;
};

}  // namespace lockstep::agent
