// The module `k6/x/tls`: getCertificate(host), the promise of what the certificate of a server
// says.
#pragma once

#include <string>

#include <v8.h>

#include "agent/http/byte_stream.h"
#include "agent/js/bind/numbered.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/pending_promises.h"

namespace lockstep::agent {

class TlsModule final : public VuPart {
 public:
  // Both outlive the module.
  TlsModule(ApiVu& vu, StreamClient& streams);
  ~TlsModule() override;

  v8::Local<v8::Object> MakeExports(Context context);
  void EndIteration() override;

  class Visit;
  ApiVu& vu() { return vu_; }
  StreamClient& streams() { return streams_; }
  Numbered<Visit>& visits() { return visits_; }
  // Shakes hands with the server and settles with its certificate.
  void Start(std::string host, int port, PendingPromises::Settle settle);

 private:
  ApiVu& vu_;
  StreamClient& streams_;
  Numbered<Visit> visits_;
};

}  // namespace lockstep::agent
