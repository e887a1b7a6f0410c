#include "agent/js/k6/tls.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "agent/data/crypto/certificate.h"
#include "agent/data/crypto/digest.h"
#include "agent/data/crypto/text_codec.h"
#include "agent/http/url.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/promises.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"
#include "common/base/host_port.h"

namespace lockstep::agent {
namespace {

constexpr int kTlsPort = 443;
constexpr absl::Duration kHandshakePatience = absl::Seconds(30);

// A name's parts under the names that k6 gives the fields of Go's pkix.Name.
v8::Local<v8::Object> TlsNameOf(Context context, const DistinguishedName& name) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  constexpr std::pair<const char*, absl::string_view> kLists[] = {
      {"country", kCountry},
      {"organization", kOrganization},
      {"organizational_unit", kOrganizationalUnit},
      {"locality", kLocality},
      {"province", kState},
      {"street_address", kStreet},
      {"postal_code", kPostalCode}};
  for (const auto& [key, oid] : kLists) {
    SetProperty(context, object, key, ArrayOf(context, name.All(oid)));
  }
  SetProperty(context, object, "serial_number", name.Last(kSerialNumber));
  SetProperty(context, object, "common_name", name.Last(kCommonName));
  return object;
}

// Milliseconds since 1970 of a time of ReadCertificate's.
v8::Local<v8::Value> MillisecondsOf(Context context, const std::string& time) {
  absl::Time at;
  std::string wrong;
  if (!absl::ParseTime(absl::RFC3339_full, time, &at, &wrong)) {
    return v8::Null(context->GetIsolate());
  }
  return JsNumber(context, static_cast<double>(absl::ToUnixMillis(at)));
}

// `der` is that of `certificate`.
PendingPromises::How ResolveWithCertificate(Certificate certificate, const std::string& der) {
  return ResolveWith([certificate = std::move(certificate),
                      fingerprint = EncodeHex(Hash(HashAlgorithm::kSha256, der))](Context context) {
    const v8::Local<v8::Object> object = v8::Object::New(context->GetIsolate());
    SetProperty(context, object, "subject", TlsNameOf(context, certificate.subject));
    SetProperty(context, object, "issuer", TlsNameOf(context, certificate.issuer));
    SetProperty(context, object, "issued", MillisecondsOf(context, certificate.not_before));
    SetProperty(context, object, "expires", MillisecondsOf(context, certificate.not_after));
    SetProperty(context, object, "fingerprint", fingerprint);
    return object;
  });
}

// "host", "host:port", "1.2.3.4" or "[::1]:443".
std::optional<std::pair<std::string, int>> SplitTlsAddress(absl::string_view text) {
  const HostAndPort parts = SplitHostPort(text);
  int port = kTlsPort;
  if (parts.host.empty() || parts.host.find_first_of("/[]") != absl::string_view::npos ||
      (parts.port && (!absl::SimpleAtoi(*parts.port, &port) || port < 1 || port > 65535))) {
    return std::nullopt;
  }
  return std::make_pair(std::string(parts.host), port);
}

// getCertificate(host)
void GetCertificate(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  TlsModule& module = BoundTo<TlsModule>(info);
  if (RefusedInInit(module.vu(), isolate, "tls.getCertificate()")) {
    return;
  }
  const std::string text = info[0]->IsString() ? TextArgument(info, 0) : std::string();
  const auto address = SplitTlsAddress(text);
  if (!address) {
    ReturnRejected(
        info, MakeError(isolate, "TypeError",
                        absl::StrCat("tls.getCertificate(): a host is expected, with a port if it "
                                     "is not 443, such as example.com or [::1]:8443, got \"",
                                     MaskCredentials(text), "\"")));
    return;
  }
  if (const auto settle = module.vu().promises().Begin(info)) {
    module.Start(address->first, address->second, *settle);
  }
}

}  // namespace

// One connection, which ends with the handshake.
class TlsModule::Visit final : public StreamListener {
 public:
  Visit(TlsModule& module, uint64_t number, std::string shown, PendingPromises::Settle settle)
      : module_(module), number_(number), shown_(std::move(shown)), settle_(std::move(settle)) {}

  void Start(StreamTarget target) {
    stream_ = module_.streams().OpenStream(module_.vu().connections(), std::move(target), *this);
  }

  void OnOpen() override {
    const std::string der = stream_->peer_certificate();
    absl::StatusOr<Certificate> certificate = ReadCertificateDer(der);
    if (certificate.ok()) {
      settle_(ResolveWithCertificate(*std::move(certificate), der));
      module_.visits().Forget(number_);
    } else {
      OnEnd(absl::UnavailableError(certificate.status().message()));
    }
  }
  void OnBytes(absl::string_view /*bytes*/) override {}
  void OnEnd(absl::Status why) override {
    const std::string cause =
        why.ok() ? "the server has closed the connection" : std::string(why.message());
    module_.vu().AddError(cause, "TLS", shown_);
    settle_(RejectWith(
        absl::UnavailableError(absl::StrCat("tls.getCertificate(): ", shown_, ": ", cause))));
    module_.visits().Forget(number_);
  }

 private:
  TlsModule& module_;
  const uint64_t number_;
  const std::string shown_;
  PendingPromises::Settle settle_;
  std::unique_ptr<ByteStream> stream_;
};

TlsModule::TlsModule(ApiVu& vu, StreamClient& streams) : vu_(vu), streams_(streams) {}
TlsModule::~TlsModule() = default;

void TlsModule::EndIteration() {
  visits_.Clear();
}

void TlsModule::Start(std::string host, int port, PendingPromises::Settle settle) {
  const uint64_t number = visits_.NextNumber();
  auto visit =
      std::make_unique<Visit>(*this, number, absl::StrCat(host, ":", port), std::move(settle));
  visit->Start({.host = std::move(host),
                .port = port,
                .tls = true,
                .verify = false,  // one that has expired, or is of nobody known, is to be shown
                .dial_timeout = kHandshakePatience});
  visits_.Add(number, std::move(visit));
}

v8::Local<v8::Object> TlsModule::MakeExports(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  SetFunction(context, exports, "getCertificate", GetCertificate, v8::External::New(isolate, this));
  return exports;
}

}  // namespace lockstep::agent
