// The module `k6/x/dns`: resolve() asks a name server that the script names, lookup() those of the system. Both return promises.
#pragma once

#include <memory>
#include <string>

#include <v8.h>

#include "agent/http/dns_client.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/module_metrics.h"
#include "agent/js/k6/pending_promises.h"

namespace lockstep::agent {

class DnsModule final : public VuPart {
 public:
  // Both outlive the module.
  DnsModule(ApiVu& vu, DnsClient& client);

  v8::Local<v8::Object> MakeExports(v8::Local<v8::Context> context);
  void EndIteration() override { promises_.Clear(); }

  ApiVu& vu() { return vu_; }
  DnsClient& client() { return client_; }
  PendingPromises& promises() { return promises_; }
  enum class Kind { kResolve, kLookUp };
  // What tells `settle` the answer to `question`, as errors name it, and counts it.
  DnsClient::Done Answer(Kind kind, std::string question, PendingPromises::Settle settle);

 private:
  ApiVu& vu_;
  DnsClient& client_;
  ModuleMetrics metrics_;
  PendingPromises promises_;
  // For answers that come when the module is gone.
  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

// Makes the module and leaves it to `vu`, which, like `client`, outlives the context; returns its exports.
v8::Local<v8::Object> MakeDnsModule(v8::Local<v8::Context> context, ApiVu& vu, DnsClient& client);

}  // namespace lockstep::agent
