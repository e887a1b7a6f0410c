#include "agent/js/k6/dns.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "agent/http/url.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/promises.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"

namespace lockstep::agent {
namespace {

enum DnsMetric : size_t {
  kDnsResolutions,
  kDnsResolutionDuration,
  kDnsLookups,
  kDnsLookupDuration
};
// In the order of `DnsMetric`.
constexpr MetricDefinition kDnsMetrics[] = {
    {"dns_resolutions"},
    {"dns_resolution_duration", MetricType::kTrend, ValueType::kTime},
    {"dns_lookups"},
    {"dns_lookup_duration", MetricType::kTrend, ValueType::kTime},
};

// Of the rows in the table of errors.
constexpr char kDnsMethod[] = "DNS";

// The longest name of the protocol has 253 characters, and an internationalised one is written in
// fewer.
constexpr size_t kMostDnsName = 1'000;

// An argument that is a text. False: the caller has got a rejected promise, or an exception is
// pending.
bool DnsText(const Info& info, int index, const char* what, std::string* text) {
  v8::Isolate* isolate = info.GetIsolate();
  if (index < info.Length() && info[index]->IsString()) {
    *text = TextOf(isolate, info[index].As<v8::String>());
    if (!text->empty() && text->size() <= kMostDnsName) {
      return true;
    }
  }
  ReturnRejected(
      info,
      MakeError(isolate, "TypeError",
                absl::StrCat(what, " must be a text that is not empty, of at most ", kMostDnsName,
                             " bytes, got ", Shown(ContextOf(info), info[index]))));
  return false;
}

bool InDnsInit(const Info& info) {
  return RefusedInInit(BoundTo<DnsModule>(info).vu(), info.GetIsolate(), "asking a name server");
}

// resolve(query, recordType, nameserver)
void ResolveName(const Info& info) {
  std::string name, kind, server;
  if (InDnsInit(info) || !DnsText(info, 0, "dns.resolve(): the name", &name) ||
      !DnsText(info, 1, "dns.resolve(): the record type", &kind) ||
      !DnsText(info, 2, "dns.resolve(): the nameserver", &server)) {
    return;
  }
  if (kind != "A" && kind != "AAAA") {
    ReturnRejected(
        info,
        MakeError(info.GetIsolate(), "TypeError",
                  absl::StrCat("dns.resolve(): unsupported record type \"", kind,
                               "\"; there are A (IPv4 addresses) and AAAA (IPv6 addresses)")));
    return;
  }
  DnsModule& module = BoundTo<DnsModule>(info);
  module.Ask(info, DnsModule::Kind::kResolve,
             absl::StrCat("resolve ", MaskCredentials(name), " (", kind, ") at ", server),
             [&](DnsClient::Done done) {
               module.client().Resolve(name, kind == "A" ? DnsRecord::kA : DnsRecord::kAaaa, server,
                                       std::move(done));
             });
}

// lookup(hostname)
void LookUpName(const Info& info) {
  std::string name;
  if (InDnsInit(info) || !DnsText(info, 0, "dns.lookup(): the host name", &name)) {
    return;
  }
  DnsModule& module = BoundTo<DnsModule>(info);
  module.Ask(info, DnsModule::Kind::kLookUp, absl::StrCat("lookup ", MaskCredentials(name)),
             [&](DnsClient::Done done) { module.client().LookUp(name, std::move(done)); });
}

// Whether what ended so was a question at all; otherwise it was a mistake, or a rule or a limit
// kept it back.
bool WasSent(const absl::Status& status) {
  return !absl::IsInvalidArgument(status) && !absl::IsPermissionDenied(status) &&
         !absl::IsResourceExhausted(status);
}

}  // namespace

DnsModule::DnsModule(ApiVu& vu, DnsClient& client)
    : vu_(vu), client_(client), metrics_(vu, kDnsMetrics) {}

void DnsModule::Ask(const Info& info, Kind kind, std::string question,
                    absl::FunctionRef<void(DnsClient::Done done)> ask) {
  const std::optional<PendingPromises::Settle> settle = vu_.promises().Begin(info);
  if (!settle) {
    return;
  }
  const auto asked = std::make_shared<Asked>(
      Asked{kind, std::move(question), vu_.tags(), vu_.loop().clock().Mono()});
  ask([this, asked, settle = *settle](absl::StatusOr<std::vector<std::string>> answer) {
    if (settle.is_awaited()) {
      Tell(*asked, settle, std::move(answer));
    }
  });
  if (settle->is_awaited()) {
    Count(*asked);
  }
}

void DnsModule::Count(Asked& asked) {
  if (!std::exchange(asked.counted, true)) {
    metrics_.Add(asked.kind == Kind::kResolve ? kDnsResolutions : kDnsLookups, 1, asked.tags);
  }
}

void DnsModule::Tell(Asked& asked, const PendingPromises::Settle& settle,
                     absl::StatusOr<std::vector<std::string>> answer) {
  if (asked.counted || WasSent(answer.status())) {
    Count(asked);
    metrics_.AddTime(asked.kind == Kind::kResolve ? kDnsResolutionDuration : kDnsLookupDuration,
                     asked.began, asked.tags);
  }
  if (answer.ok()) {
    settle(ResolveWith(
        [texts = *std::move(answer)](Context context) { return ArrayOf(context, texts); }));
    return;
  }
  vu_.AddError(answer.status().message(), kDnsMethod, asked.question);
  settle(RejectWith(absl::Status(answer.status().code(),
                                 absl::StrCat(asked.question, ": ", answer.status().message()))));
}

v8::Local<v8::Object> DnsModule::MakeExports(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  const v8::Local<v8::Value> data = v8::External::New(isolate, this);
  SetFunction(context, exports, "resolve", ResolveName, data);
  SetFunction(context, exports, "lookup", LookUpName, data);
  return exports;
}

}  // namespace lockstep::agent
