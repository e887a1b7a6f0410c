#include "agent/js/k6/dns.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "agent/http/url.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/promises.h"
#include "agent/js/bind/text.h"

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

// The longest name of the protocol has 253 characters, and an internationalised one is written in fewer.
constexpr size_t kMostDnsName = 1'000;

// An argument that is a text. False: the caller has got a rejected promise, or an exception is pending.
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
  if (BoundTo<DnsModule>(info).vu().in_init()) {
    ThrowError(info.GetIsolate(), "asking a name server in the init context is not supported");
    return true;
  }
  return false;
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
  if (PendingPromises::Settle settle = module.promises().Begin(info)) {
    module.Ask(DnsModule::Kind::kResolve,
               absl::StrCat("resolve ", MaskCredentials(name), " (", kind, ") at ", server),
               std::move(settle), [&](DnsClient::Done done) {
                 module.client().Resolve(name, kind == "A" ? DnsRecord::kA : DnsRecord::kAaaa,
                                         server, std::move(done));
               });
  }
}

// lookup(hostname)
void LookUpName(const Info& info) {
  std::string name;
  if (InDnsInit(info) || !DnsText(info, 0, "dns.lookup(): the host name", &name)) {
    return;
  }
  DnsModule& module = BoundTo<DnsModule>(info);
  if (PendingPromises::Settle settle = module.promises().Begin(info)) {
    module.Ask(DnsModule::Kind::kLookUp, absl::StrCat("lookup ", MaskCredentials(name)),
               std::move(settle),
               [&](DnsClient::Done done) { module.client().LookUp(name, std::move(done)); });
  }
}

// Whether what ended so was a question at all; otherwise it was a mistake, or a rule or a limit kept it back.
bool WasSent(const absl::Status& status) {
  return !absl::IsInvalidArgument(status) && !absl::IsPermissionDenied(status) &&
         !absl::IsResourceExhausted(status);
}

PendingPromises::How ResolveWithTexts(std::vector<std::string> texts) {
  return [texts = std::move(texts)](Context context, PendingPromises::Resolver promise) {
    std::vector<v8::Local<v8::Value>> values;
    for (const std::string& text : texts) {
      values.push_back(JsText(context->GetIsolate(), text));
    }
    promise->Resolve(context, v8::Array::New(context->GetIsolate(), values.data(), values.size()))
        .FromMaybe(false);
  };
}

}  // namespace

DnsModule::DnsModule(ApiVu& vu, DnsClient& client)
    : vu_(vu), client_(client), metrics_(vu, kDnsMetrics), promises_(vu) {}

void DnsModule::Ask(Kind kind, std::string question, PendingPromises::Settle settle,
                    absl::FunctionRef<void(DnsClient::Done done)> ask) {
  const uint64_t number = ++last_;
  asked_->emplace(number, Asked{kind, std::move(question), vu_.tags(), vu_.loop().clock().Mono(),
                                std::move(settle)});
  ask([this, number,
       weak = std::weak_ptr<AllAsked>(asked_)](absl::StatusOr<std::vector<std::string>> answer) {
    const std::shared_ptr<AllAsked> all = weak.lock();
    if (all == nullptr) {
      return;
    }
    if (auto found = all->extract(number)) {
      Tell(std::move(found.mapped()), std::move(answer));
    }
  });
  if (const auto waiting = asked_->find(number); waiting != asked_->end()) {
    Count(&waiting->second);
  }
}

void DnsModule::Count(Asked* asked) {
  if (!std::exchange(asked->counted, true)) {
    metrics_.Add(asked->kind == Kind::kResolve ? kDnsResolutions : kDnsLookups, 1, asked->tags);
  }
}

void DnsModule::Tell(Asked asked, absl::StatusOr<std::vector<std::string>> answer) {
  if (asked.counted || WasSent(answer.status())) {
    Count(&asked);
    metrics_.AddTime(asked.kind == Kind::kResolve ? kDnsResolutionDuration : kDnsLookupDuration,
                     asked.began, asked.tags);
  }
  if (answer.ok()) {
    asked.settle(ResolveWithTexts(*std::move(answer)));
    return;
  }
  vu_.sink().AddError(answer.status().message(), kDnsMethod, asked.question,
                      vu_.loop().clock().Wall());
  asked.settle(RejectWith(absl::Status(
      answer.status().code(), absl::StrCat(asked.question, ": ", answer.status().message()))));
}

v8::Local<v8::Object> DnsModule::MakeExports(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  const v8::Local<v8::Value> data = v8::External::New(isolate, this);
  SetFunction(context, exports, "resolve", ResolveName, data);
  SetFunction(context, exports, "lookup", LookUpName, data);
  return exports;
}

v8::Local<v8::Object> MakeDnsModule(Context context, ApiVu& vu, DnsClient& client) {
  return KeepModule(context, vu, std::make_unique<DnsModule>(vu, client));
}

}  // namespace lockstep::agent
