// The module `k6/x/dns`: resolve() asks a name server that the script names, lookup() those of the
// system. Both return promises.
#pragma once

#include <string>
#include <vector>

#include <v8.h>

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

  ApiVu& vu() { return vu_; }
  DnsClient& client() { return client_; }
  enum class Kind { kResolve, kLookUp };
  // Returns a promise to the function's caller, has `ask` send a question, `question` as errors
  // name it, counts it if that was done, and settles the promise with the answer.
  void Ask(const Info& info, Kind kind, std::string question,
           absl::FunctionRef<void(DnsClient::Done done)> ask);

 private:
  struct Asked {
    Kind kind;
    std::string question;
    TagSet tags;
    MonoTime began;
    bool counted = false;
  };

  void Count(Asked& asked);
  void Tell(Asked& asked, const PendingPromises::Settle& settle,
            absl::StatusOr<std::vector<std::string>> answer);

  ApiVu& vu_;
  DnsClient& client_;
  ModuleMetrics metrics_;
};

}  // namespace lockstep::agent
