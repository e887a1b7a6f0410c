#include "agent/js/native_modules.h"

#include <array>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/globals.h"
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
#include "agent/js/specifier.h"
#include "agent/js/timers.h"
#include "agent/js/world.h"
#include "common/base/builtin_extensions.h"
#include "common/base/nearest.h"

namespace lockstep::agent {
namespace {

using Maker = v8::Local<v8::Object> (*)(Context, WorldSite&);

v8::Local<v8::Object> MakeTimersModule(Context context) {
  const v8::Local<v8::Object> module = v8::Object::New(context->GetIsolate());
  InstallTimers(context, module);
  return module;
}

// k6's own name for k6/websockets while it was new.
v8::Local<v8::Object> MakeOldWebSockets(Context context, WorldSite& site) {
  World::Of(context).WarnOnce(
      "k6/experimental/websockets is deprecated and will go; import k6/websockets instead, which is the same");
  return MakeModule<WebSocketsModule>(context, site.api());
}

// What k6 had it under before it became an extension.
v8::Local<v8::Object> MakeOldRedis(Context context, WorldSite& site) {
  World::Of(context).WarnOnce(
      "k6/experimental/redis has become k6/x/redis; import that instead, which is the same");
  return MakeModule<RedisModule>(context, site.api(), site.streams());
}

v8::Local<v8::Object> MakeBrowserModule(Context context) {
  v8::Local<v8::Value> exports;
  return Evaluated(context, "k6/browser.js").ToLocal(&exports)
             ? exports.As<v8::Object>()
             : v8::Object::New(context->GetIsolate());
}

// Paths are relative to the file whose code is running.
ScriptFiles FilesOf(Context context, WorldSite& site) {
  return {.url_of = [isolate = context->GetIsolate()](
                        const std::string& path) { return UrlOfPath(isolate, path); },
          .load = [&site](const std::string& url) { return site.LoadFile(url); }};
}

v8::Local<v8::Object> MakeLockstepMqtt(Context context, WorldSite& site) {
  return MakeModule<MqttModule>(context, site.api(), site.mqtt(), MqttModule::Face::kLockstep);
}

v8::Local<v8::Object> MakeRows(Context context, WorldSite& site) {
  return MakeRowsModule(context, site.api(), site.rows(), FilesOf(context, site));
}

v8::Local<v8::Object> MakeFs(Context context, WorldSite& site) {
  return MakeFsModule(context, site.api(), site.shared_files(), FilesOf(context, site));
}

v8::Local<v8::Object> MakeGrpc(Context context, WorldSite& site) {
  // As in k6, paths are relative to the main script, whichever file the call is in.
  ScriptFiles files{
      .url_of = [&world = World::Of(context)](
                    const std::string& path) { return ResolvePath(path, world.main_url()); },
      .load = [&site](const std::string& url) { return site.LoadFile(url); }};
  return MakeModule<GrpcModule>(context, site.api(), site.proto_schemas(), std::move(files));
}

struct NativeModule {
  absl::string_view name;
  Maker make;
};

constexpr std::array kModules = {
    NativeModule{"k6", [](Context c, WorldSite& s) { return MakeCoreModule(c, s.api()); }},
    NativeModule{"k6/browser", [](Context c, WorldSite&) { return MakeBrowserModule(c); }},
    NativeModule{"k6/crypto", [](Context c, WorldSite&) { return MakeCryptoModule(c); }},
    NativeModule{"k6/crypto/x509", [](Context c, WorldSite&) { return MakeX509Module(c); }},
    NativeModule{
        "k6/data",
        [](Context c, WorldSite& s) { return MakeDataModule(c, s.api(), s.shared_arrays()); }},
    NativeModule{"k6/encoding",
                 [](Context c, WorldSite& s) { return MakeEncodingModule(c, s.api()); }},
    NativeModule{"k6/execution",
                 [](Context c, WorldSite& s) { return MakeExecutionModule(c, s.api()); }},
    NativeModule{"k6/experimental/csv",
                 [](Context c, WorldSite& s) { return MakeCsvModule(c, s.api()); }},
    NativeModule{"k6/experimental/fs", MakeFs},
    NativeModule{"k6/experimental/streams",
                 [](Context c, WorldSite&) { return MakeStreamsModule(c); }},
    NativeModule{"k6/html", [](Context c, WorldSite& s) { return MakeHtmlModule(c, s.api()); }},
    NativeModule{"k6/http",
                 [](Context c, WorldSite& s) {
                   return MakeModule<HttpModule>(c, s.api(), c->GetIsolate());
                 }},
    NativeModule{"k6/metrics",
                 [](Context c, WorldSite& s) { return MakeMetricsModule(c, s.api()); }},
    NativeModule{"k6/net/grpc", MakeGrpc},
    NativeModule{"k6/secrets",
                 [](Context c, WorldSite& s) { return MakeSecretsModule(c, s.api()); }},
    NativeModule{"k6/timers", [](Context c, WorldSite&) { return MakeTimersModule(c); }},
    NativeModule{"k6/websockets",
                 [](Context c, WorldSite& s) { return MakeModule<WebSocketsModule>(c, s.api()); }},
    NativeModule{"k6/experimental/redis", MakeOldRedis},
    NativeModule{"k6/experimental/websockets", MakeOldWebSockets},
    NativeModule{"k6/ws", [](Context c, WorldSite& s) { return MakeWsModule(c, s.api()); }},
    NativeModule{
        "k6/x/dns",
        [](Context c, WorldSite& s) { return MakeModule<DnsModule>(c, s.api(), s.dns()); }},
    NativeModule{
        "k6/x/icmp",
        [](Context c, WorldSite& s) { return MakeModule<IcmpModule>(c, s.api(), s.pings()); }},
    NativeModule{"k6/x/mqtt",
                 [](Context c, WorldSite& s) {
                   return MakeModule<MqttModule>(c, s.api(), s.mqtt(), MqttModule::Face::kK6);
                 }},
    NativeModule{
        "k6/x/redis",
        [](Context c, WorldSite& s) { return MakeModule<RedisModule>(c, s.api(), s.streams()); }},
    NativeModule{
        "k6/x/tls",
        [](Context c, WorldSite& s) { return MakeModule<TlsModule>(c, s.api(), s.streams()); }},
    NativeModule{"lockstep/data", MakeRows},
    NativeModule{"lockstep/mqtt", MakeLockstepMqtt},
    NativeModule{"lockstep/socketio",
                 [](Context c, WorldSite& s) { return MakeModule<SocketIoModule>(c, s.api()); }},
    NativeModule{"lockstep/sse",
                 [](Context c, WorldSite& s) { return MakeModule<SseModule>(c, s.api()); }},
};

// Modules that k6 had once, and what became of them.
struct FormerModule {
  absl::string_view name;
  absl::string_view now;
};

constexpr std::array kFormerModules = {
    FormerModule{"k6/experimental/browser", "it has become k6/browser"},
    FormerModule{"k6/experimental/grpc", "it has become k6/net/grpc"},
    FormerModule{
        "k6/experimental/timers",
        "setTimeout and the other timers are global now: remove the import, or import k6/timers"},
    FormerModule{
        "k6/experimental/tracing",
        "it was removed from k6; the library http-instrumentation-tempo of jslib.k6.io does the same"},
    FormerModule{
        "k6/experimental/webcrypto",
        "crypto is global now: remove the import, and use crypto.subtle and crypto.getRandomValues"},
};

// Extensions of k6 that are not here, and what does the same. A name stands for those below it,
// too.
constexpr std::array kExtensions = {
    FormerModule{"k6/x/browser", "import k6/browser says what there is of it"},
    FormerModule{"k6/x/client-prometheus-remote",
                 "-o experimental-prometheus-rw sends the results"},
    FormerModule{"k6/x/csv",
                 "import k6/experimental/csv, or lockstep/data for rows that the fleet shares"},
    FormerModule{"k6/x/dashboard", "--web-dashboard shows the run, and --report writes a page"},
    FormerModule{"k6/x/exec", "scripts start no programs where agents run"},
    FormerModule{"k6/x/faker",
                 "after npm install @faker-js/faker, import { faker } from "
                 "'./node_modules/@faker-js/faker/dist/locale/en.js'"},
    FormerModule{"k6/x/file", "import k6/experimental/fs reads files; handleSummary() writes them"},
    FormerModule{"k6/x/grpc", "import k6/net/grpc"},
    FormerModule{"k6/x/kafka", "k6/http reaches Kafka where it has a REST proxy"},
    FormerModule{"k6/x/loki", "http.post() to Loki's /loki/api/v1/push does the same"},
    FormerModule{"k6/x/socketio", "import lockstep/socketio"},
    FormerModule{"k6/x/sql",
                 "k6/http reaches a database that answers HTTP, as ClickHouse does, and PostgreSQL "
                 "behind PostgREST"},
    FormerModule{"k6/x/sse", "import lockstep/sse"},
    FormerModule{"k6/x/ssh",
                 "a script cannot log in to a host; let what starts the test run ssh before and "
                 "after it"},
    FormerModule{"k6/x/timers", "setTimeout and the other timers are global"},
    FormerModule{"k6/x/webcrypto", "crypto is global"},
    FormerModule{"k6/x/websockets", "import k6/websockets"},
};

std::string WhyNoExtension(const std::string& name) {
  const std::string why =
      absl::StrCat("there is no module ", name, ": of k6's extensions there are ",
                   absl::StrJoin(kBuiltinExtensions, ", "));
  for (const FormerModule& other : kExtensions) {
    if (name == other.name || absl::StartsWith(name, absl::StrCat(other.name, "/"))) {
      return absl::StrCat(why, "; ", other.now);
    }
  }
  return absl::StrCat(why,
                      DidYouMean(name, {kBuiltinExtensions.begin(), kBuiltinExtensions.end()}));
}

void ThrowUnknown(v8::Isolate* isolate, const std::string& name) {
  for (const FormerModule& former : kFormerModules) {
    if (former.name == name) {
      ThrowError(isolate, absl::StrCat("there is no module ", name, " any more: ", former.now));
      return;
    }
  }
  if (absl::StartsWith(name, kExtensionPrefix)) {
    ThrowError(isolate, WhyNoExtension(name));
    return;
  }
  std::vector<std::string> known;
  for (const NativeModule& module : kModules) {
    known.emplace_back(module.name);
  }
  const std::string meant = DidYouMean(name, known);
  ThrowError(isolate,
             absl::StrCat(
                 "unknown module: ", name,
                 meant.empty() ? absl::StrCat("; there are ", absl::StrJoin(known, ", ")) : meant));
}

}  // namespace

v8::MaybeLocal<v8::Object> MakeNativeModule(const std::string& name, Context context,
                                            WorldSite& site) {
  for (const NativeModule& module : kModules) {
    if (module.name == name) {
      return module.make(context, site);
    }
  }
  ThrowUnknown(context->GetIsolate(), name);
  return {};
}

}  // namespace lockstep::agent
