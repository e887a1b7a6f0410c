#include "tests/agent/js/k6/js_harness.h"

#include <utility>

#include <libplatform/libplatform.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_join.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/core.h"
#include "agent/js/k6/crypto.h"
#include "agent/js/k6/csv.h"
#include "agent/js/k6/data.h"
#include "agent/js/k6/dns.h"
#include "agent/js/k6/encoding.h"
#include "agent/js/k6/execution.h"
#include "agent/js/k6/fs.h"
#include "agent/js/k6/grpc.h"
#include "agent/js/k6/html.h"
#include "agent/js/k6/http.h"
#include "agent/js/k6/icmp.h"
#include "agent/js/k6/metrics.h"
#include "agent/js/k6/redis.h"
#include "agent/js/k6/secrets.h"
#include "agent/js/k6/streams.h"
#include "agent/js/k6/tls.h"
#include "agent/js/k6/websockets.h"
#include "agent/js/k6/ws.h"
#include "agent/js/k6/x509.h"
#include "agent/js/lockstep/data.h"
#include "agent/js/lockstep/mqtt.h"
#include "agent/js/lockstep/socketio.h"
#include "agent/js/lockstep/sse.h"
#include "common/base/check.h"
#include "tests/support/turn_until.h"

namespace lockstep::agent {
namespace {

// The files that scripts open live as long as the VU.
struct OpenedFiles final : VuPart {
  FileStore store;
};

// V8 starts once in a process.
void StartV8() {
  [[maybe_unused]] static const bool started = [] {
    v8::V8::InitializePlatform(v8::platform::NewDefaultPlatform(1).release());
    return v8::V8::Initialize();
  }();
}

}  // namespace

std::vector<std::string> RecordingSink::Of(absl::string_view metric) const {
  std::vector<std::string> found;
  for (const Sample& sample : samples) {
    if (sample.metric == metric) {
      found.push_back(absl::StrCat(sample.value, "{",
                                   absl::StrJoin(sample.tags, ",", absl::PairFormatter(":")), "}"));
    }
  }
  return found;
}

HarnessVu::HarnessVu()
    : network_(*Network::Make({.blacklist_ips = {"198.51.100.0/24"}})),
      loop_(std::make_unique<MultiLoop>(*network_)) {
  pool_ = loop_->MakePool(1);
  grpc_ = std::make_unique<GrpcEngine>(*loop_, *network_);
  mqtt_ = std::make_unique<MqttEnv>(MqttEnv{*loop_, *network_});
}

HarnessVu::~HarnessVu() {
  grpc_.reset();
  pool_.reset();
}

void HarnessVu::SetGroup(std::string path) {
  group_ = std::move(path);
  tags_ = samples.tags().With(tags_, "group", group_);
}

void HarnessVu::CountBytes(int64_t sent, int64_t received) {
  bytes_sent += sent;
  bytes_received += received;
}

bool HarnessVu::Park(absl::FunctionRef<void(Task wake)> start) {
  bool woken = false;
  start([&woken] { woken = true; });
  lockstep::testing::TurnUntil(*loop_, [&woken] { return woken; });
  return true;
}

absl::AnyInvocable<void(ApiVu::Task)> HarnessVu::Expect() {
  ++expected_;
  // As with a VU: what is dropped is not waited for.
  return [this, outstanding = absl::Cleanup([this] { --expected_; })](Task task) mutable {
    std::move(outstanding).Invoke();
    ready_.push_back(std::move(task));
  };
}

void HarnessVu::CutAfter(absl::string_view metric) {
  loop().After(absl::Milliseconds(1), [this, metric = std::string(metric)] {
    if (samples.Of(metric).empty()) {
      CutAfter(metric);
    } else {
      loop().After(absl::Milliseconds(1), [this] { EndIteration(); });
    }
  });
}

void HarnessVu::Drain(v8::Local<v8::Context> context) {
  v8::Isolate* isolate = context->GetIsolate();
  isolate->PerformMicrotaskCheckpoint();
  while (expected_ > 0 || !ready_.empty()) {
    if (ready_.empty()) {
      loop_->Turn(true);
    }
    std::vector<Task> tasks;
    tasks.swap(ready_);
    for (Task& task : tasks) {
      const v8::HandleScope scope(isolate);
      task();
      isolate->PerformMicrotaskCheckpoint();
    }
  }
}

JsHarness::JsHarness() {
  StartV8();
  allocator_.reset(v8::ArrayBuffer::Allocator::NewDefaultAllocator());
  v8::Isolate::CreateParams params;
  params.array_buffer_allocator = allocator_.get();
  isolate_ = v8::Isolate::New(params);
  isolate_->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  functions_ = std::make_unique<FunctionCache>(isolate_);
  owned_ = std::make_unique<OwnedObjects>(isolate_);
  vu_ = std::make_unique<HarnessVu>();
  isolate_->Enter();
  const v8::HandleScope scope(isolate_);
  const v8::Local<v8::Context> made = v8::Context::New(isolate_);
  context_.Reset(isolate_, made);
  const v8::Context::Scope in(made);
  SetGlobal("k6", MakeCoreModule(made, *vu_));
  SetGlobal("metrics", MakeMetricsModule(made, *vu_));
  SetGlobal("secrets", MakeSecretsModule(made, *vu_));
  SetGlobal("data", MakeDataModule(made, *vu_, shared_arrays_));
  const auto url_of = [](const std::string& path) { return absl::StrCat("file:///", path); };
  const auto load = [this](const std::string& url) -> absl::StatusOr<std::string> {
    const auto found = files.find(url.substr(8));
    return found != files.end() ? absl::StatusOr<std::string>(found->second)
                                : absl::NotFoundError("no such file");
  };
  const ScriptFiles script_files{.url_of = url_of, .load = load};
  SetGlobal("rows", MakeRowsModule(made, *vu_, rows_, script_files));
  auto opened = std::make_unique<OpenedFiles>();
  SetGlobal("fs", MakeFsModule(made, *vu_, opened->store, script_files));
  vu_->Keep(std::move(opened));
  SetGlobal("csv", MakeCsvModule(made, *vu_));
  SetGlobal("execution", MakeExecutionModule(made, *vu_));
  SetGlobal("crypto", MakeCryptoModule(made));
  SetGlobal("encoding", MakeEncodingModule(made, *vu_));
  SetGlobal("redis", MakeModule<RedisModule>(made, *vu_, vu_->multi_loop()));
  SetGlobal("dns", MakeModule<DnsModule>(made, *vu_, vu_->multi_loop().dns()));
  SetGlobal("icmp", MakeModule<IcmpModule>(made, *vu_, vu_->multi_loop()));
  SetGlobal("tls", MakeModule<TlsModule>(made, *vu_, vu_->multi_loop()));
  SetGlobal("streams", MakeStreamsModule(made));
  SetGlobal("x509", MakeX509Module(made));
  SetGlobal("html", MakeHtmlModule(made, *vu_));
  SetGlobal("http", MakeModule<HttpModule>(made, *vu_, isolate_));
  SetGlobal("grpc", MakeModule<GrpcModule>(made, *vu_, schemas_, script_files));
  SetGlobal("mqtt", MakeModule<MqttModule>(made, *vu_, vu_->mqtt(), MqttModule::Face::kLockstep));
  SetGlobal("k6mqtt", MakeModule<MqttModule>(made, *vu_, vu_->mqtt(), MqttModule::Face::kK6));
  SetGlobal("socketio", MakeModule<SocketIoModule>(made, *vu_));
  SetGlobal("sse", MakeModule<SseModule>(made, *vu_));
  SetGlobal("ws", MakeWsModule(made, *vu_));
  SetGlobal("websockets", MakeModule<WebSocketsModule>(made, *vu_));
}

JsHarness::~JsHarness() {
  vu_->ReleaseParts();
  context_.Reset();
  owned_.reset();
  functions_.reset();
  isolate_->Exit();
  isolate_->Dispose();
}

void JsHarness::SetGlobal(absl::string_view name, v8::Local<v8::Value> value) {
  SetProperty(context(), context()->Global(), name, value);
}

std::string JsHarness::Describe(v8::Local<v8::Value> value) {
  if (value->IsUndefined() || value->IsFunction()) {
    return "undefined";
  }
  v8::Local<v8::String> json;
  return v8::JSON::Stringify(context(), value).ToLocal(&json) ? TextOf(isolate_, json)
                                                              : "(no JSON)";
}

std::string JsHarness::Run(absl::string_view body) {
  const v8::HandleScope scope(isolate_);
  const v8::Local<v8::Context> here = context();
  const v8::Context::Scope in(here);
  v8::TryCatch caught(isolate_);
  const std::string source = absl::StrCat("(function () { 'use strict'; ", body, "\n})()");
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> value;
  if (v8::Script::Compile(here, JsText(isolate_, source)).ToLocal(&script) &&
      script->Run(here).ToLocal(&value)) {
    vu_->Drain(here);
    if (!value->IsPromise()) {
      return Describe(value);
    }
    const v8::Local<v8::Promise> promise = value.As<v8::Promise>();
    LOCKSTEP_CHECK(promise->State() != v8::Promise::kPending);
    if (promise->State() == v8::Promise::kFulfilled) {
      return Describe(promise->Result());
    }
    std::string text;
    return ToText(here, promise->Result(), &text) ? text : "(rejected)";
  }
  std::string text;
  return ToText(here, caught.Exception(), &text) ? text : "(thrown)";
}

}  // namespace lockstep::agent
