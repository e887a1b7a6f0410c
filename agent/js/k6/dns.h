// The module `k6/x/dns`: resolve() asks a name server that the script names, lookup() those of the system. Both return promises.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <v8.h>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"

#include "agent/http/dns_client.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/module_metrics.h"
#include "agent/js/k6/pending_promises.h"

namespace lockstep::agent {

class DnsModule final : public VuPart {
 public:
  // Both outlive the module.
  DnsModule(ApiVu& vu, DnsClient& client);

  v8::Local<v8::Object> MakeExports(Context context);
  void EndIteration() override {
    asked_->clear();
    promises_.Clear();
  }

  ApiVu& vu() { return vu_; }
  DnsClient& client() { return client_; }
  PendingPromises& promises() { return promises_; }
  enum class Kind { kResolve, kLookUp };
  // Has `ask` send a question, `question` as errors name it, counts it if that was done, and tells `settle` the answer.
  void Ask(Kind kind, std::string question, PendingPromises::Settle settle,
           absl::FunctionRef<void(DnsClient::Done done)> ask);

 private:
  // A question without an answer, which may come when nobody waits for it any more.
  struct Asked {
    Kind kind;
    std::string question;
    TagSet tags;
    MonoTime began;
    PendingPromises::Settle settle;
    bool counted = false;
  };
  using AllAsked = absl::flat_hash_map<uint64_t, Asked>;

  void Count(Asked* asked);
  void Tell(Asked asked, absl::StatusOr<std::vector<std::string>> answer);

  ApiVu& vu_;
  DnsClient& client_;
  ModuleMetrics metrics_;
  PendingPromises promises_;
  uint64_t last_ = 0;
  const std::shared_ptr<AllAsked> asked_ = std::make_shared<AllAsked>();
};

// Makes the module and leaves it to `vu`, which, like `client`, outlives the context; returns its exports.
v8::Local<v8::Object> MakeDnsModule(Context context, ApiVu& vu, DnsClient& client);

}  // namespace lockstep::agent
