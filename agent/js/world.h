// One JavaScript world: a context with its globals, its modules and its own microtask queue. A VU
// has one, and so have inspection, setup, teardown and handleSummary. Everything happens inside its
// isolate, on its worker.
//
// The init code runs in Load. Where it reads files it waits for them, so it runs on a fibre.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <v8.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "agent/js/bind/functions.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/module_graph.h"
#include "agent/js/script_isolate.h"

namespace lockstep::agent {

class DnsClient;
class FileStore;
struct MqttEnv;
class PingClient;
class RowStore;
class SchemaStore;
class SharedArrayStore;
class StreamClient;

// What a world needs from its VU, beyond what the API's modules do.
class WorldSite {
 public:
  virtual ~WorldSite() = default;
  virtual ApiVu& api() = 0;
  virtual SharedArrayStore& shared_arrays() = 0;
  virtual RowStore& rows() = 0;
  virtual FileStore& shared_files() = 0;
  virtual StreamClient& streams() = 0;
  virtual DnsClient& dns() = 0;
  virtual PingClient& pings() = 0;
  virtual MqttEnv& mqtt() = 0;
  virtual SchemaStore& proto_schemas() = 0;
  virtual SourceStore& sources() = 0;
  virtual const std::map<std::string, std::string>& env() const = 0;
  // k6's compatibility mode "base": there is no `global`, which is the one thing that "extended"
  // adds here.
  virtual bool base_mode() const = 0;
  // Where console.* writes to.
  virtual Logger& console() = 0;
  // The content of a file; waits for it, if need be. Cancelled when the VU was interrupted
  // meanwhile; OutOfRange for one that the init code of VU 0 has not asked for, once it has run.
  virtual absl::StatusOr<std::string> LoadFile(const std::string& url) = 0;
  // Runs microtasks and the script's own events until `promise` is settled. False when the VU was
  // interrupted, when nothing is left that could settle it, or, with a pending exception, when an
  // event threw.
  virtual bool WaitFor(v8::Local<v8::Promise> promise) = 0;
};

class World {
 public:
  static constexpr int kContextSlot = kWorldSlot;

  // `site` and `isolate` outlive the world. Inside the isolate, with a HandleScope.
  World(ScriptIsolate& isolate, WorldSite& site);
  // Inside the isolate.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // The world of a context made by this class.
  static World& Of(Context context);

  // The same for any context; null if it is none of those.
  static World* Find(Context context);

  // Evaluates the main script and what it imports. False with a pending exception if that fails.
  bool Load(const std::string& main_url);
  // The main script's URL; from Load on.
  const std::string& main_url() const { return main_url_; }
  // What the main script exports; after Load.
  v8::Local<v8::Object> exports() const { return exports_.Get(isolate()); }
  // The exported function `name`, or nothing.
  v8::MaybeLocal<v8::Function> Function(absl::string_view name) const;
  // Names of the exported functions.
  std::vector<std::string> FunctionNames() const;

  // Sets __ITER, which the script does not have before; and __ENV to the test's environment with
  // `overrides`, which is made when the script looks at it.
  void SetIteration(int64_t iteration);
  void SetEnv(std::map<std::string, std::string> overrides);

  v8::Isolate* isolate() const { return isolate_.get(); }
  Context context() const { return context_.Get(isolate()); }
  ScriptIsolate& script_isolate() { return isolate_; }
  WorldSite& site() { return site_; }
  ModuleGraph& modules() { return modules_; }
  void RunMicrotasks() { microtasks_->PerformCheckpoint(isolate()); }

  // Returns the rejected promises that nobody has handled so far, oldest first, and forgets them.
  std::vector<v8::Local<v8::Value>> TakeUnhandledRejections();
  void NoteRejection(v8::PromiseRejectMessage message);
  // For a promise whose rejection is told in another way.
  void ForgetRejection(v8::Local<v8::Promise> promise);

  // Warns of something in the script that is the same for all VUs: once a run, however many say it.
  void WarnOnce(const std::string& message);

  // setTimeout and setInterval by the ids that the script knows.
  struct Timer;
  std::map<int32_t, std::unique_ptr<Timer>>& timers() { return timers_; }
  int32_t NextTimerId() { return ++last_timer_; }
  // Forgets all timers, at the end of an interrupted iteration.
  void ClearTimers();

 private:
  struct Rejection {
    v8::Global<v8::Promise> promise;
    v8::Global<v8::Value> reason;
  };

  void InstallGlobals(Context context);
  static void GetEnv(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Value>& info);
  static void GetIteration(v8::Local<v8::Name> name,
                           const v8::PropertyCallbackInfo<v8::Value>& info);
  static void AssignIteration(v8::Local<v8::Name> name, v8::Local<v8::Value> value,
                              const v8::PropertyCallbackInfo<void>& info);

  ScriptIsolate& isolate_;
  WorldSite& site_;
  std::unique_ptr<v8::MicrotaskQueue> microtasks_;
  v8::Global<v8::Context> context_;
  std::string main_url_;
  std::optional<int64_t> iteration_;          // none before SetIteration: there is no __ITER
  v8::Global<v8::Value> assigned_iteration_;  // what the script has put in its place
  v8::Global<v8::Object> exports_;
  std::map<std::string, std::string> env_overrides_;
  ModuleGraph modules_;
  std::map<int32_t, std::unique_ptr<Timer>> timers_;
  int32_t last_timer_ = 0;
  std::vector<Rejection> rejections_;
};

}  // namespace lockstep::agent
