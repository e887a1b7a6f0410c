#include "agent/js/world.h"

#include <utility>

#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/globals.h"
#include "agent/js/specifier.h"
#include "agent/js/timers.h"
#include "agent/js/web_globals.h"

namespace lockstep::agent {
namespace {

v8::MaybeLocal<v8::Promise> ImportDynamically(Context context, v8::Local<v8::Data>,
                                              v8::Local<v8::Value> resource,
                                              v8::Local<v8::String> specifier,
                                              v8::Local<v8::FixedArray>) {
  v8::Isolate* isolate = context->GetIsolate();
  return World::Of(context).modules().ImportDynamically(TextOf(isolate, specifier),
                                                        TextIfString(isolate, resource));
}

void ResolveFromMeta(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!info[0]->IsString()) {
    ThrowTypeError(isolate, "import.meta.resolve: the specifier must be a string");
    return;
  }
  const absl::StatusOr<std::string> url =
      ResolveSpecifier(TextArgument(info, 0), TextOf(isolate, info.Data().As<v8::String>()));
  if (!url.ok()) {
    ThrowStatus(isolate, url.status());
    return;
  }
  info.GetReturnValue().Set(JsText(isolate, *url));
}

void InitialiseMeta(Context context, v8::Local<v8::Module> module, v8::Local<v8::Object> meta) {
  const v8::Local<v8::String> url =
      JsText(context->GetIsolate(), World::Of(context).modules().registry().KeyOf(module));
  SetProperty(context, meta, "url", url);
  SetFunction(context, meta, "resolve", &ResolveFromMeta, url);
}

void OnPromiseReject(v8::PromiseRejectMessage message) {
  Context context;
  if (message.GetPromise()->GetCreationContext().ToLocal(&context) && World::Find(context)) {
    World::Of(context).NoteRejection(message);
  }
}

}  // namespace

void InstallModuleCallbacks(v8::Isolate* isolate) {
  isolate->SetHostImportModuleDynamicallyCallback(&ImportDynamically);
  isolate->SetHostInitializeImportMetaObjectCallback(&InitialiseMeta);
  isolate->SetPromiseRejectCallback(&OnPromiseReject);
}

World::World(ScriptIsolate& isolate, WorldSite& site)
    : isolate_(isolate),
      site_(site),
      microtasks_(v8::MicrotaskQueue::New(isolate.get(), v8::MicrotasksPolicy::kExplicit)),
      modules_(*this) {
  const Context context = v8::Context::New(
      isolate.get(), nullptr, {}, {}, v8::DeserializeInternalFieldsCallback(), microtasks_.get());
  SetModule(context, this);
  context_.Reset(isolate.get(), context);
  const v8::Context::Scope scope(context);
  InstallGlobals(context);
}

World::~World() = default;

World& World::Of(Context context) {
  return ModuleOf<World>(context);
}

World* World::Find(Context context) {
  return context->GetNumberOfEmbedderDataFields() > kWorldSlot ? &Of(context) : nullptr;
}

void World::InstallGlobals(Context context) {
  const v8::Local<v8::Object> global = context->Global();
  if (!site_.base_mode()) {
    SetProperty(context, global, "global", global);
  }
  SetProperty(context, global, "__VU",
              v8::Number::New(isolate(), static_cast<double>(site_.api().vu().id_in_instance)));
  SetEnv({});
  InstallTimers(context, global);
  InstallFileAccess(context);
  InstallWebGlobals(context);
}

bool World::Load(const std::string& main_url) {
  main_url_ = main_url;
  v8::Local<v8::Object> exports;
  if (!modules_.RunMain(main_url).ToLocal(&exports)) {
    return false;
  }
  modules_.Rest();
  exports_.Reset(isolate(), exports);
  return true;
}

v8::MaybeLocal<v8::Function> World::Function(absl::string_view name) const {
  v8::Local<v8::Value> value;
  const v8::TryCatch ignored(isolate());
  if (!GetProperty(context(), exports(), name, &value) || !value->IsFunction()) {
    return {};
  }
  return value.As<v8::Function>();
}

std::vector<std::string> World::FunctionNames() const {
  std::vector<std::string> names;
  v8::Local<v8::Array> keys;
  if (!exports()->GetOwnPropertyNames(context()).ToLocal(&keys)) {
    return names;
  }
  for (uint32_t i = 0; i < keys->Length(); ++i) {
    v8::Local<v8::Value> key;
    if (keys->Get(context(), i).ToLocal(&key) && key->IsString()) {
      const std::string name = TextOf(isolate(), key.As<v8::String>());
      if (!Function(name).IsEmpty()) {
        names.push_back(name);
      }
    }
  }
  return names;
}

void World::SetIteration(int64_t iteration) {
  if (!iteration_.has_value()) {
    context()
        ->Global()
        ->SetNativeDataProperty(context(), JsName(isolate(), "__ITER"), &World::GetIteration,
                                &World::AssignIteration)
        .Check();
  }
  iteration_ = iteration;
  assigned_iteration_.Reset();
}

void World::GetIteration(v8::Local<v8::Name>, const v8::PropertyCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const World& world = Of(isolate->GetCurrentContext());
  if (world.assigned_iteration_.IsEmpty()) {
    info.GetReturnValue().Set(static_cast<double>(*world.iteration_));
  } else {
    info.GetReturnValue().Set(world.assigned_iteration_.Get(isolate));
  }
}

void World::AssignIteration(v8::Local<v8::Name>, v8::Local<v8::Value> value,
                            const v8::PropertyCallbackInfo<void>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Of(isolate->GetCurrentContext()).assigned_iteration_.Reset(isolate, value);
}

void World::SetEnv(std::map<std::string, std::string> overrides) {
  env_overrides_ = std::move(overrides);
  context()
      ->Global()
      ->SetLazyDataProperty(context(), JsName(isolate(), "__ENV"), &World::GetEnv)
      .Check();
}

void World::GetEnv(v8::Local<v8::Name>, const v8::PropertyCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const World& world = Of(isolate->GetCurrentContext());
  std::map<absl::string_view, absl::string_view> env(world.site_.env().begin(),
                                                     world.site_.env().end());
  for (const auto& [name, value] : world.env_overrides_) {
    env[name] = value;
  }
  // Every VU has an environment of its own, often a large one: the texts are shared by all VUs of
  // the isolate, and a dictionary costs no chain of hidden classes.
  std::vector<v8::Local<v8::Name>> names;
  std::vector<v8::Local<v8::Value>> values;
  for (const auto& [name, value] : env) {
    names.push_back(JsName(isolate, name));
    values.push_back(JsName(isolate, value));
  }
  v8::Local<v8::Value> prototype = v8::Object::New(isolate)->GetPrototype();
  info.GetReturnValue().Set(
      v8::Object::New(isolate, prototype, names.data(), values.data(), names.size()));
}

void World::NoteRejection(v8::PromiseRejectMessage message) {
  switch (message.GetEvent()) {
    case v8::kPromiseRejectWithNoHandler:
      rejections_.push_back({.promise = v8::Global<v8::Promise>(isolate(), message.GetPromise()),
                             .reason = v8::Global<v8::Value>(isolate(), message.GetValue())});
      return;
    case v8::kPromiseHandlerAddedAfterReject:
      ForgetRejection(message.GetPromise());
      return;
    case v8::kPromiseRejectAfterResolved:
    case v8::kPromiseResolveAfterResolved:
      return;
  }
}

void World::ForgetRejection(v8::Local<v8::Promise> promise) {
  std::erase_if(rejections_,
                [&](const Rejection& rejection) { return rejection.promise == promise; });
}

std::vector<v8::Local<v8::Value>> World::TakeUnhandledRejections() {
  std::vector<v8::Local<v8::Value>> reasons;
  for (const Rejection& rejection : rejections_) {
    reasons.push_back(rejection.reason.Get(isolate()));
  }
  rejections_.clear();
  return reasons;
}

void World::WarnOnce(const std::string& message) {
  // Of all agents, the one that looks at the script first is enough: its VU is number 0.
  if (site_.api().vu().id_in_instance == 0) {
    site_.sources().WarnOnce(message, site_.api().logger());
  }
}

void World::ClearTimers() {
  timers_.clear();
}

}  // namespace lockstep::agent
