// The module `k6/x/icmp`: ping(), which waits, and pingAsync(), which returns a promise and tells
// of each request.
#pragma once

#include <v8.h>

#include "agent/http/ping.h"
#include "agent/js/bind/numbered.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/module_metrics.h"
#include "agent/js/k6/pending_promises.h"

namespace lockstep::agent {

// What a script asks for.
struct PingPlan {
  PingSpec spec;
  int threshold = 100;  // percent of the requests that have to be answered
  TagSet tags = kEmptyTagSet;
};

class IcmpModule final : public VuPart {
 public:
  // Both outlive the module.
  IcmpModule(ApiVu& vu, PingClient& client);
  ~IcmpModule() override;

  v8::Local<v8::Object> MakeExports(Context context);
  void EndIteration() override;

  class Run;
  ApiVu& vu() { return vu_; }
  PingClient& client() { return client_; }
  ModuleMetrics& metrics() { return metrics_; }
  Numbered<Run>& runs() { return runs_; }

 private:
  ApiVu& vu_;
  PingClient& client_;
  ModuleMetrics metrics_;
  Numbered<Run> runs_;
};

}  // namespace lockstep::agent
