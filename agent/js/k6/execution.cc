#include "agent/js/k6/execution.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;
using PropertyInfo = v8::PropertyCallbackInfo<v8::Value>;
// Reads a property; empty with a pending exception.
using Reader = v8::Local<v8::Value> (*)(ApiVu& vu, v8::Local<v8::Context> context);

ApiVu& VuOf(v8::Local<v8::Value> data) {
  return *static_cast<ApiVu*>(data.As<v8::External>()->Value());
}

template <Reader kReader>
void Get(v8::Local<v8::Name>, const PropertyInfo& info) {
  const v8::Local<v8::Value> value =
      kReader(VuOf(info.Data()), info.GetIsolate()->GetCurrentContext());
  if (!value.IsEmpty()) {
    info.GetReturnValue().Set(value);
  }
}

v8::Local<v8::Value> Count(v8::Local<v8::Context> context, int64_t value) {
  return JsNumber(context, static_cast<double>(value));
}

// Throws, and returns true, in the init code, where `what` is not known yet.
bool TooEarly(ApiVu& vu, v8::Local<v8::Context> context, absl::string_view what) {
  if (!vu.in_init()) {
    return false;
  }
  ThrowError(context->GetIsolate(),
             absl::StrCat("getting ", what, " in the init context is not supported"));
  return true;
}

template <auto kField>
v8::Local<v8::Value> ReadScenario(ApiVu& vu, v8::Local<v8::Context> context) {
  if (TooEarly(vu, context, "scenario information")) {
    return {};
  }
  const std::optional<ScenarioFacts> facts = vu.scenario();
  if (!facts) {
    ThrowError(context->GetIsolate(),
               "getting scenario information outside of the VU context is not supported");
    return {};
  }
  return kField(*facts, context);
}

template <auto kField>
v8::Local<v8::Value> ReadInstance(ApiVu& vu, v8::Local<v8::Context> context) {
  if (TooEarly(vu, context, "instance information")) {
    return {};
  }
  return kField(vu.instance(), context);
}

template <auto kField>
v8::Local<v8::Value> ReadVu(ApiVu& vu, v8::Local<v8::Context> context) {
  return TooEarly(vu, context, "VU information") ? v8::Local<v8::Value>()
                                                 : kField(vu.vu(), context);
}

using Context = v8::Local<v8::Context>;
constexpr auto kName = [](const ScenarioFacts& f, Context c) -> v8::Local<v8::Value> {
  return JsText(c->GetIsolate(), f.name);
};
constexpr auto kExecutor = [](const ScenarioFacts& f, Context c) -> v8::Local<v8::Value> {
  return JsText(c->GetIsolate(), f.executor);
};
constexpr auto kStartTime = [](const ScenarioFacts& f, Context c) {
  return Count(c, absl::ToUnixMillis(f.start));
};
constexpr auto kProgress = [](const ScenarioFacts& f, Context c) {
  return JsNumber(c, f.progress);
};
constexpr auto kScenarioInInstance = [](const ScenarioFacts& f, Context c) {
  return Count(c, f.iteration_in_instance);
};
constexpr auto kScenarioInTest = [](const ScenarioFacts& f, Context c) {
  return Count(c, f.iteration_in_test);
};
constexpr auto kRunning = [](const InstanceFacts& f, Context c) {
  return JsNumber(c, absl::ToDoubleMilliseconds(f.running));
};
constexpr auto kCompleted = [](const InstanceFacts& f, Context c) {
  return Count(c, f.iterations_completed);
};
constexpr auto kInterrupted = [](const InstanceFacts& f, Context c) {
  return Count(c, f.iterations_interrupted);
};
constexpr auto kActive = [](const InstanceFacts& f, Context c) { return Count(c, f.vus_active); };
constexpr auto kInitialized = [](const InstanceFacts& f, Context c) {
  return Count(c, f.vus_initialized);
};
constexpr auto kIdInInstance = [](const VuFacts& f, Context c) {
  return Count(c, f.id_in_instance);
};
constexpr auto kIdInTest = [](const VuFacts& f, Context c) { return Count(c, f.id_in_test); };
constexpr auto kVuInInstance = [](const VuFacts& f, Context c) {
  return Count(c, f.iteration_in_instance);
};
constexpr auto kVuInScenario = [](const VuFacts& f, Context c) {
  return Count(c, f.iteration_in_scenario);
};

template <Reader kReader>
void DefineProperty(Context context, v8::Local<v8::Object> object, absl::string_view name,
                    v8::Local<v8::Value> vu) {
  object
      ->SetNativeDataProperty(context, JsName(context->GetIsolate(), name), Get<kReader>, nullptr,
                              vu, v8::ReadOnly)
      .Check();
}

v8::Local<v8::Object> MakeScenario(Context context, v8::Local<v8::Value> vu) {
  const v8::Local<v8::Object> object = v8::Object::New(context->GetIsolate());
  DefineProperty<ReadScenario<kName>>(context, object, "name", vu);
  DefineProperty<ReadScenario<kExecutor>>(context, object, "executor", vu);
  DefineProperty<ReadScenario<kStartTime>>(context, object, "startTime", vu);
  DefineProperty<ReadScenario<kProgress>>(context, object, "progress", vu);
  DefineProperty<ReadScenario<kScenarioInInstance>>(context, object, "iterationInInstance", vu);
  DefineProperty<ReadScenario<kScenarioInTest>>(context, object, "iterationInTest", vu);
  return object;
}

v8::Local<v8::Object> MakeInstance(Context context, v8::Local<v8::Value> vu) {
  const v8::Local<v8::Object> object = v8::Object::New(context->GetIsolate());
  DefineProperty<ReadInstance<kRunning>>(context, object, "currentTestRunDuration", vu);
  DefineProperty<ReadInstance<kCompleted>>(context, object, "iterationsCompleted", vu);
  DefineProperty<ReadInstance<kInterrupted>>(context, object, "iterationsInterrupted", vu);
  DefineProperty<ReadInstance<kActive>>(context, object, "vusActive", vu);
  DefineProperty<ReadInstance<kInitialized>>(context, object, "vusInitialized", vu);
  return object;
}

// The VU's tags and its metadata are one set of the sink's table; each of the two objects shows its
// kind of them.
enum class Kind { kTags, kMetadata };

template <Kind kind>
std::string KeyOf(v8::Isolate* isolate, v8::Local<v8::Name> name) {
  const std::string text =
      name->IsString() ? TextOf(isolate, name.As<v8::String>()) : std::string();
  return kind == Kind::kMetadata ? MetadataKey(text) : text;
}

template <Kind kind>
void GetTag(v8::Local<v8::Name> name, const PropertyInfo& info) {
  ApiVu& vu = VuOf(info.Data());
  if (!name->IsString()) {
    return;
  }
  const auto value = vu.sink().tags().Find(vu.tags(), KeyOf<kind>(info.GetIsolate(), name));
  if (value) {
    info.GetReturnValue().Set(JsText(info.GetIsolate(), *value));
  }
}

template <Kind kind>
void SetTag(v8::Local<v8::Name> name, v8::Local<v8::Value> value, const PropertyInfo& info) {
  v8::Isolate* isolate = info.GetIsolate();
  ApiVu& vu = VuOf(info.Data());
  if (!name->IsString()) {
    return;
  }
  const std::string key = KeyOf<kind>(isolate, name);
  std::string text;
  if (!value->IsString() && !value->IsNumber() && !value->IsBoolean()) {
    constexpr absl::string_view kWhat = kind == Kind::kTags ? "tag" : "metadata";
    ThrowTypeError(isolate, absl::StrCat("invalid value for metric ", kWhat, " '", TagName(key),
                                         "': only String, Boolean and Number types are accepted "
                                         "as a metric ",
                                         kWhat, " values"));
    return;
  }
  if (ToText(isolate->GetCurrentContext(), value, &text)) {
    vu.set_tags(vu.sink().tags().With(vu.tags(), key, text));
    info.GetReturnValue().Set(value);
  }
}

template <Kind kind>
void DeleteTag(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Boolean>& info) {
  ApiVu& vu = VuOf(info.Data());
  if (name->IsString()) {
    vu.set_tags(vu.sink().tags().Without(vu.tags(), KeyOf<kind>(info.GetIsolate(), name)));
    info.GetReturnValue().Set(true);
  }
}

template <Kind kind>
void ListTags(const v8::PropertyCallbackInfo<v8::Array>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  ApiVu& vu = VuOf(info.Data());
  std::vector<v8::Local<v8::Value>> names;
  for (const auto& [key, value] : vu.sink().tags().Get(vu.tags())) {
    if (IsMetadata(key) == (kind == Kind::kMetadata)) {
      names.push_back(JsName(isolate, TagName(key)));
    }
  }
  info.GetReturnValue().Set(v8::Array::New(isolate, names.data(), names.size()));
}

template <Kind kind>
void QueryTag(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Integer>& info) {
  ApiVu& vu = VuOf(info.Data());
  if (name->IsString() && vu.sink().tags().Find(vu.tags(), KeyOf<kind>(info.GetIsolate(), name))) {
    info.GetReturnValue().Set(static_cast<int32_t>(v8::None));
  }
}

template <Kind kind>
v8::Local<v8::Object> MakeTags(Context context, v8::Local<v8::Value> vu) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::ObjectTemplate> made = v8::ObjectTemplate::New(isolate);
  made->SetHandler(v8::NamedPropertyHandlerConfiguration(GetTag<kind>, SetTag<kind>, QueryTag<kind>,
                                                         DeleteTag<kind>, ListTags<kind>, vu));
  v8::Local<v8::Object> object;
  return made->NewInstance(context).ToLocal(&object) ? object : v8::Object::New(isolate);
}

// Assigning to it throws, as in k6: an object in its place would get the script's tags and nobody
// would read them.
void SetFixed(Context context, v8::Local<v8::Object> object, absl::string_view name,
              v8::Local<v8::Value> value) {
  object->DefineOwnProperty(context, JsName(context->GetIsolate(), name), value, v8::ReadOnly)
      .Check();
}

// Assigning to it changes nothing and does not throw, as in k6.
void SetKept(Context context, v8::Local<v8::Object> object, absl::string_view name,
             v8::Local<v8::Value> value) {
  const auto get = [](v8::Local<v8::Name>, const PropertyInfo& info) {
    info.GetReturnValue().Set(info.Data());
  };
  const auto ignore = [](v8::Local<v8::Name>, v8::Local<v8::Value>,
                         const v8::PropertyCallbackInfo<void>&) {};
  object
      ->SetNativeDataProperty(context, JsName(context->GetIsolate(), name), get, ignore, value,
                              v8::DontDelete)
      .Check();
}

v8::Local<v8::Object> MakeVu(Context context, v8::Local<v8::Value> vu) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  DefineProperty<ReadVu<kVuInScenario>>(context, object, "iterationInScenario", vu);
  DefineProperty<ReadVu<kIdInInstance>>(context, object, "idInInstance", vu);
  DefineProperty<ReadVu<kIdInTest>>(context, object, "idInTest", vu);
  DefineProperty<ReadVu<kVuInInstance>>(context, object, "iterationInInstance", vu);
  const v8::Local<v8::Object> tags = MakeTags<Kind::kTags>(context, vu);
  SetKept(context, object, "tags", tags);
  const v8::Local<v8::Object> metrics = v8::Object::New(isolate);
  SetFixed(context, metrics, "tags", tags);
  SetFixed(context, metrics, "metadata", MakeTags<Kind::kMetadata>(context, vu));
  SetFixed(context, object, "metrics", metrics);
  return object;
}

// Freezes `value`, which JSON.parse made, and all that is in it.
bool Freeze(Context context, v8::Local<v8::Value> value) {
  if (!value->IsObject()) {
    return true;
  }
  const v8::Local<v8::Object> object = value.As<v8::Object>();
  return ForEachOwn(context, object,
                    [&](const std::string&, v8::Local<v8::Value> inner) {
                      return Freeze(context, inner);
                    }) &&
         object->SetIntegrityLevel(context, v8::IntegrityLevel::kFrozen).FromMaybe(false);
}

v8::Local<v8::Value> ReadOptions(ApiVu& vu, Context context) {
  if (TooEarly(vu, context, "test options")) {
    return {};
  }
  v8::Local<v8::Value> options;
  return v8::JSON::Parse(context, JsText(context->GetIsolate(), vu.options_json()))
                     .ToLocal(&options) &&
                 Freeze(context, options)
             ? options
             : v8::Local<v8::Value>();
}

bool MessageOf(const Info& info, std::string* message) {
  return info[0]->IsNullOrUndefined() ||
         ToText(info.GetIsolate()->GetCurrentContext(), info[0], message);
}

void Abort(const Info& info) {
  std::string message;
  if (MessageOf(info, &message)) {
    VuOf(info.Data())
        .AbortTest(message.empty() ? "test aborted" : absl::StrCat("test aborted: ", message));
  }
}

void FailTest(const Info& info) {
  std::string message;
  if (!MessageOf(info, &message)) {
    return;
  }
  ApiVu& vu = VuOf(info.Data());
  if (!message.empty()) {
    vu.logger().Error(message);  // the run's verdict has room for one of them
  }
  vu.FailTest(std::move(message));
}

}  // namespace

v8::Local<v8::Object> MakeExecutionModule(v8::Local<v8::Context> context, ApiVu& vu) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Value> data = v8::External::New(isolate, &vu);
  const v8::Local<v8::Object> test = v8::Object::New(isolate);
  SetFunction(context, test, "abort", Abort, data);
  SetFunction(context, test, "fail", FailTest, data);
  DefineProperty<ReadOptions>(context, test, "options", data);
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  SetProperty(context, exports, "scenario", MakeScenario(context, data));
  SetProperty(context, exports, "instance", MakeInstance(context, data));
  SetProperty(context, exports, "test", test);
  SetProperty(context, exports, "vu", MakeVu(context, data));
  return exports;
}

}  // namespace lockstep::agent
