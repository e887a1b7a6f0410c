#include "agent/js/k6/icmp.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <utility>

#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "agent/http/url.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/promises.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/script_duration.h"
#include "agent/js/k6/script_tags.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

enum IcmpMetric : size_t {
  kIcmpSent,
  kIcmpReceived,
  kIcmpReplyTtl,
  kIcmpRtt,
  kIcmpResolve,
  kIcmpSetup,
  kIcmpErrors,
};
// In the order of `IcmpMetric`.
constexpr MetricDefinition kIcmpMetrics[] = {
    {"icmp_packets_sent"},
    {"icmp_packets_received"},
    {"icmp_reply_ttl", MetricType::kGauge},
    {"icmp_rtt", MetricType::kTrend, ValueType::kTime},
    {"icmp_resolve", MetricType::kTrend, ValueType::kTime},
    {"icmp_setup", MetricType::kTrend, ValueType::kTime},
    {"icmp_errors"},
};

// As ReadPingOption reads them.
constexpr const char* kPingOptions[] = {
    "count", "deadline",  "id",      "interval", "preferred_ip_version", "seq", "size", "source",
    "tags",  "threshold", "timeout", "ttl"};

constexpr int kMostId = 65'535, kMostTtl = 255, kMostPings = 1'000'000;
constexpr int kMostPingBytes = 65'507 - 8;  // of IPv4, without ICMP's header
constexpr absl::Duration kLeastInterval = absl::Milliseconds(500);  // a ping is no flood

absl::Status ReadPingNumber(Context context, absl::string_view name, v8::Local<v8::Value> value,
                            int least, int most, int* number) {
  if (value->IsNumber()) {
    const double given = value.As<v8::Number>()->Value();
    if (given >= least && given <= most && std::floor(given) == given) {
      *number = static_cast<int>(given);
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(name, ": a whole number from ", least, " to ",
                                                 most, " is expected, got ",
                                                 Shown(context, value)));
}

absl::Status ReadPingOption(Context context, ApiVu& vu, const std::string& name,
                            v8::Local<v8::Value> value, PingPlan* plan) {
  PingSpec& spec = plan->spec;
  int number = 0;
  if (value->IsNullOrUndefined() &&
      std::find(std::begin(kPingOptions), std::end(kPingOptions), name) != std::end(kPingOptions)) {
    return absl::OkStatus();
  }
  if (name == "id" || name == "seq") {
    LOCKSTEP_RETURN_IF_ERROR(ReadPingNumber(context, name, value, 0, kMostId, &number));
    (name == "id" ? spec.id : spec.seq) = static_cast<uint16_t>(number);
  } else if (name == "ttl") {
    LOCKSTEP_RETURN_IF_ERROR(ReadPingNumber(context, name, value, 1, kMostTtl, &spec.ttl));
  } else if (name == "count") {
    LOCKSTEP_RETURN_IF_ERROR(ReadPingNumber(context, name, value, 1, kMostPings, &spec.count));
  } else if (name == "size") {
    LOCKSTEP_RETURN_IF_ERROR(ReadPingNumber(context, name, value, 0, kMostPingBytes, &number));
    spec.size = static_cast<size_t>(number);
  } else if (name == "threshold") {
    LOCKSTEP_RETURN_IF_ERROR(ReadPingNumber(context, name, value, 0, 100, &plan->threshold));
  } else if (name == "timeout") {
    LOCKSTEP_ASSIGN_OR_RETURN(spec.timeout, DurationOf(context, name, value));
  } else if (name == "deadline") {
    LOCKSTEP_ASSIGN_OR_RETURN(spec.deadline, DurationOf(context, name, value));
  } else if (name == "interval") {
    LOCKSTEP_ASSIGN_OR_RETURN(spec.interval, DurationOf(context, name, value));
    if (spec.interval < kLeastInterval) {
      return absl::InvalidArgumentError(
          absl::StrCat("interval: at least ", absl::FormatDuration(kLeastInterval),
                       " is expected, got ", absl::FormatDuration(spec.interval)));
    }
  } else if (name == "source") {
    if (!ToText(context, value, &spec.source)) {
      return absl::CancelledError();
    }
  } else if (name == "preferred_ip_version") {
    std::string version;
    if (!ToText(context, value, &version)) {
      return absl::CancelledError();
    }
    if (version != "ip4" && version != "ip6") {
      return absl::InvalidArgumentError(absl::StrCat(
          "preferred_ip_version: \"ip4\" or \"ip6\" is expected, got \"", version, "\""));
    }
    spec.prefer_v6 = version == "ip6";
  } else if (name == "tags") {
    return AddScriptTags(context, "k6/x/icmp: tags", value, vu, &plan->tags);
  } else {
    WarnOfUnknown(vu, "k6/x/icmp", "option", name,
                  {std::begin(kPingOptions), std::end(kPingOptions)});
  }
  return absl::OkStatus();
}

absl::StatusOr<PingPlan> ReadPingPlan(Context context, ApiVu& vu, v8::Local<v8::Value> target,
                                      v8::Local<v8::Value> options) {
  PingPlan plan;
  plan.tags = vu.tags();
  plan.spec.id = static_cast<uint16_t>(getpid() + vu.vu().id_in_test);
  plan.spec.seq = static_cast<uint16_t>(vu.loop().clock().Mono().nanos() >> 10);
  if (!target->IsString() || target.As<v8::String>()->Length() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a host name or an address is expected as the first argument, got ",
                     Shown(context, target)));
  }
  plan.spec.target = TextOf(context->GetIsolate(), target.As<v8::String>());
  if (options->IsNullOrUndefined()) {
    return plan;
  }
  if (!IsPlainObject(options)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the options must be an object, got ", Shown(context, options)));
  }
  LOCKSTEP_RETURN_IF_ERROR(ForEachOwnOrStatus(
      context, options.As<v8::Object>(), [&](const std::string& name, v8::Local<v8::Value> value) {
        return ReadPingOption(context, vu, name, value, &plan);
      }));
  return plan;
}

v8::Local<v8::Object> IcmpError(v8::Isolate* isolate, absl::string_view why) {
  return MakeError(isolate, "ICMPError", why);
}

}  // namespace

// One call of ping() or pingAsync().
class IcmpModule::Run final : public PingListener {
 public:
  // How it ended: whether enough was answered; or an error, where nothing could be asked.
  using Done = absl::AnyInvocable<void(absl::StatusOr<bool>)>;

  Run(IcmpModule& module, PingPlan plan, v8::Isolate* isolate, v8::Local<v8::Value> callback,
      v8::Local<v8::Value> options, Done done)
      : module_(module), isolate_(isolate), plan_(std::move(plan)), done_(std::move(done)) {
    if (callback->IsFunction()) {
      callback_.Reset(isolate, callback.As<v8::Function>());
      options_.Reset(isolate, options);
    }
  }
  void Start() { ping_ = module_.client().StartPing(plan_.spec, *this); }

  void OnPingReady(const std::string& ip, bool v6, absl::Duration resolve,
                   absl::Duration setup) override {
    ip_ = ip;
    v6_ = v6;
    TagSetTable& table = module_.vu().sink().tags();
    plan_.tags = table.With(table.With(plan_.tags, "proto", "ICMP"), "ip", ip);
    Add(kIcmpResolve, absl::ToDoubleMilliseconds(resolve));
    Add(kIcmpSetup, absl::ToDoubleMilliseconds(setup));
  }
  void OnPingSent(size_t bytes) override {
    Add(kIcmpSent, 1);
    module_.vu().CountBytes(static_cast<int64_t>(bytes), 0);
  }
  void OnPingEcho(const PingEcho& echo) override {
    if (echo.error.empty()) {
      ++answered_;
      Add(kIcmpReceived, 1);
      Add(kIcmpRtt, absl::ToDoubleMilliseconds(echo.round_trip));
      if (echo.ttl > 0) {
        Add(kIcmpReplyTtl, echo.ttl);
      }
      module_.vu().CountBytes(0, static_cast<int64_t>(echo.size));
    } else {
      Failed(echo.error);
    }
    Tell(echo);
  }
  void OnPingEnd(absl::Status why) override {
    ping_.reset();
    const bool told = absl::IsDeadlineExceeded(why) && !ip_.empty();  // with the request under way
    if (!why.ok() && !told) {
      Failed(why.message());
      Tell({.error = std::string(why.message())});
    }
    // That a host cannot be reached is an answer; that nothing could be asked is none.
    const bool asked = why.ok() || absl::IsNotFound(why) || absl::IsDeadlineExceeded(why) ||
                       absl::IsUnavailable(why);
    const bool enough = why.ok() && answered_ * 100.0 >= plan_.threshold * plan_.spec.count;
    std::exchange(done_, nullptr)(asked ? absl::StatusOr<bool>(enough) : why);
  }

 private:
  void Add(IcmpMetric metric, double value) { module_.metrics().Add(metric, value, plan_.tags); }
  void Failed(absl::string_view cause) {
    Add(kIcmpErrors, 1);
    module_.vu().AddError(cause, "ICMP", MaskCredentials(plan_.spec.target));
  }
  // Calls the script's function, as an event of its own.
  void Tell(const PingEcho& echo) {
    if (callback_.IsEmpty()) {
      return;
    }
    module_.vu().Expect()([isolate = isolate_, echo, target = plan_.spec.target, ip = ip_, v6 = v6_,
                           callback = v8::Global<v8::Function>(isolate_, callback_),
                           options = v8::Global<v8::Value>(isolate_, options_)]() mutable {
      const Context context = isolate->GetCurrentContext();
      v8::Local<v8::Value> arguments[] = {
          v8::Null(isolate), DetailOf(context, echo, target, ip, v6, options.Get(isolate))};
      if (!echo.error.empty()) {
        arguments[0] = IcmpError(isolate, echo.error);
      }
      if (callback.Get(isolate)->Call(context, v8::Undefined(isolate), 2, arguments).IsEmpty()) {
        return;  // the exception is reported like one of the iteration
      }
    });
  }
  static v8::Local<v8::Object> DetailOf(Context context, const PingEcho& echo,
                                        const std::string& target, const std::string& ip, bool v6,
                                        v8::Local<v8::Value> options) {
    v8::Isolate* isolate = context->GetIsolate();
    const v8::Local<v8::Object> detail = v8::Object::New(isolate);
    const auto number = [&](const char* name, double value) {
      SetProperty(context, detail, name, value);
    };
    const bool alive = echo.error.empty();
    SetProperty(context, detail, "alive", alive);
    SetProperty(context, detail, "target", target);
    SetProperty(context, detail, "target_ip", ip);
    SetProperty(context, detail, "target_ip_version", ip.empty() ? "" : v6 ? "ip6" : "ip4");
    if (echo.sent_at > absl::UnixEpoch()) {
      number("sent_at", static_cast<double>(absl::ToUnixMicros(echo.sent_at)) / 1000);
      number("seq", echo.seq);
    }
    if (alive) {
      number("received_at", static_cast<double>(absl::ToUnixMicros(echo.received_at)) / 1000);
      number("id", echo.id);
      number("ttl", echo.ttl);
      number("size", static_cast<double>(echo.size));
    }
    SetProperty(context, detail, "options", options);
    return detail;
  }

  IcmpModule& module_;
  v8::Isolate* const isolate_;
  PingPlan plan_;
  Done done_;
  v8::Global<v8::Function> callback_;
  v8::Global<v8::Value> options_;
  std::string ip_;
  bool v6_ = false;
  int answered_ = 0;
  std::unique_ptr<Ping> ping_;
};

namespace {

// False: the caller has got an exception.
bool PlanPing(const Info& info, const char* what, v8::Local<v8::Value> options, PingPlan* plan) {
  IcmpModule& module = BoundTo<IcmpModule>(info);
  if (RefusedInInit(module.vu(), info.GetIsolate(), what)) {
    return false;
  }
  absl::StatusOr<PingPlan> read = ReadPingPlan(ContextOf(info), module.vu(), info[0], options);
  if (!read.ok()) {
    ThrowStatus(info.GetIsolate(), read.status(), what);
    return false;
  }
  *plan = *std::move(read);
  return true;
}

// ping(target, options)
void PingAndWait(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  IcmpModule& module = BoundTo<IcmpModule>(info);
  PingPlan plan;
  if (!PlanPing(info, "ping()", info[1], &plan)) {
    return;
  }
  std::unique_ptr<IcmpModule::Run> run;
  const auto ended = ParkFor<absl::StatusOr<bool>>(module.vu(), [&](auto done) {
    run = std::make_unique<IcmpModule::Run>(module, std::move(plan), isolate,
                                            v8::Undefined(isolate), info[1], std::move(done));
    run->Start();
  });
  if (!ended) {
    return;
  }
  if (ended->ok()) {
    info.GetReturnValue().Set(**ended);
  } else {
    isolate->ThrowException(
        IcmpError(isolate, absl::StrCat("ping(): ", ended->status().message())));
  }
}

// pingAsync(target, options or callback, callback)
void PingLater(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  IcmpModule& module = BoundTo<IcmpModule>(info);
  const bool alone = info[1]->IsFunction();
  const v8::Local<v8::Value> options = alone ? v8::Undefined(isolate).As<v8::Value>() : info[1];
  PingPlan plan;
  if (!PlanPing(info, "pingAsync()", options, &plan)) {
    return;
  }
  const auto settle = module.vu().promises().Begin(info);
  if (!settle) {
    return;
  }
  const uint64_t number = module.runs().NextNumber();
  auto run = std::make_unique<IcmpModule::Run>(
      module, std::move(plan), isolate, alone ? info[1] : info[2], options,
      [&module, number, settle = *settle](absl::StatusOr<bool> how) {
        settle(ResolveWith([how = std::move(how)](Context context) -> v8::MaybeLocal<v8::Value> {
          if (how.ok()) {
            return ToJs(context, *how);
          }
          context->GetIsolate()->ThrowException(IcmpError(
              context->GetIsolate(), absl::StrCat("pingAsync(): ", how.status().message())));
          return {};
        }));
        module.runs().Forget(number);
      });
  run->Start();
  module.runs().Add(number, std::move(run));
}

}  // namespace

IcmpModule::IcmpModule(ApiVu& vu, PingClient& client)
    : vu_(vu), client_(client), metrics_(vu, kIcmpMetrics) {}
IcmpModule::~IcmpModule() = default;

void IcmpModule::EndIteration() {
  runs_.Clear();
}

v8::Local<v8::Object> IcmpModule::MakeExports(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  const v8::Local<v8::Value> data = v8::External::New(isolate, this);
  SetFunction(context, exports, "ping", PingAndWait, data);
  SetFunction(context, exports, "pingAsync", PingLater, data);
  const v8::Local<v8::Object> versions = v8::Object::New(isolate);
  SetProperty(context, versions, "V4", "ip4");
  SetProperty(context, versions, "V6", "ip6");
  SetProperty(context, exports, "IP", versions);
  return exports;
}

}  // namespace lockstep::agent
