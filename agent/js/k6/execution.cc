#include "agent/js/k6/execution.h"

#include <string>
#include <type_traits>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/call_site.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"

namespace lockstep::agent {
namespace {

using PropertyInfo = v8::PropertyCallbackInfo<v8::Value>;
// Reads a property; empty with a pending exception.
using Reader = v8::Local<v8::Value> (*)(ApiVu& vu, Context context);

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

// Facts as scripts see them; times in milliseconds.
template <class T>
v8::Local<v8::Value> ShowFact(Context context, const T& fact) {
  if constexpr (std::is_same_v<T, absl::Time>) {
    return ToJs(context, absl::ToUnixMillis(fact));
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    return ToJs(context, absl::ToDoubleMilliseconds(fact));
  } else {
    return ToJs(context, fact);
  }
}

// Throws, and returns true, in the init code, where `what` is not known yet.
bool TooEarly(ApiVu& vu, Context context, absl::string_view what) {
  return RefusedInInit(vu, context->GetIsolate(), absl::StrCat("getting ", what));
}

template <auto kField>
v8::Local<v8::Value> ReadScenario(ApiVu& vu, Context context) {
  if (TooEarly(vu, context, "scenario information")) {
    return {};
  }
  const std::optional<ScenarioFacts> facts = vu.scenario();
  if (!facts) {
    ThrowError(context->GetIsolate(),
               "getting scenario information outside of the VU context is not supported");
    return {};
  }
  return ShowFact(context, (*facts).*kField);
}

template <auto kField>
v8::Local<v8::Value> ReadInstance(ApiVu& vu, Context context) {
  if (TooEarly(vu, context, "instance information")) {
    return {};
  }
  return ShowFact(context, vu.instance().*kField);
}

template <auto kField>
v8::Local<v8::Value> ReadVu(ApiVu& vu, Context context) {
  return TooEarly(vu, context, "VU information") ? v8::Local<v8::Value>()
                                                 : ShowFact(context, vu.vu().*kField);
}

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
  DefineProperty<ReadScenario<&ScenarioFacts::name>>(context, object, "name", vu);
  DefineProperty<ReadScenario<&ScenarioFacts::executor>>(context, object, "executor", vu);
  DefineProperty<ReadScenario<&ScenarioFacts::start>>(context, object, "startTime", vu);
  DefineProperty<ReadScenario<&ScenarioFacts::progress>>(context, object, "progress", vu);
  DefineProperty<ReadScenario<&ScenarioFacts::iteration_in_instance>>(context, object,
                                                                      "iterationInInstance", vu);
  DefineProperty<ReadScenario<&ScenarioFacts::iteration_in_test>>(context, object,
                                                                  "iterationInTest", vu);
  return object;
}

v8::Local<v8::Object> MakeInstance(Context context, v8::Local<v8::Value> vu) {
  const v8::Local<v8::Object> object = v8::Object::New(context->GetIsolate());
  DefineProperty<ReadInstance<&InstanceFacts::running>>(context, object, "currentTestRunDuration",
                                                        vu);
  DefineProperty<ReadInstance<&InstanceFacts::iterations_completed>>(context, object,
                                                                     "iterationsCompleted", vu);
  DefineProperty<ReadInstance<&InstanceFacts::iterations_interrupted>>(context, object,
                                                                       "iterationsInterrupted", vu);
  DefineProperty<ReadInstance<&InstanceFacts::vus_active>>(context, object, "vusActive", vu);
  DefineProperty<ReadInstance<&InstanceFacts::vus_initialized>>(context, object, "vusInitialized",
                                                                vu);
  return object;
}

// The VU's tags and its metadata are one set of the sink's table; each of the two objects shows its
// kind of them.
enum class Kind { kTags, kMetadata };

template <Kind kind>
std::string KeyOf(v8::Isolate* isolate, v8::Local<v8::Name> name) {
  const std::string text = TextIfString(isolate, name);
  return kind == Kind::kMetadata ? MetadataKey(text) : text;
}

// Whether there are no tags of that name: only texts are names, and the init code has no tags. It
// throws there, as what is set then would be in no iteration.
template <class T>
bool HasNoTags(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<T>& info) {
  return !name->IsString() ||
         TooEarly(VuOf(info.Data()), info.GetIsolate()->GetCurrentContext(), "VU information");
}

template <Kind kind>
void GetTag(v8::Local<v8::Name> name, const PropertyInfo& info) {
  ApiVu& vu = VuOf(info.Data());
  if (HasNoTags(name, info)) {
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
  if (HasNoTags(name, info)) {
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
  if (!HasNoTags(name, info)) {
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
      // k6 shows the scenario first.
      names.insert(key == "scenario" ? names.begin() : names.end(), JsName(isolate, TagName(key)));
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
  DefineProperty<ReadVu<&VuFacts::iteration_in_scenario>>(context, object, "iterationInScenario",
                                                          vu);
  DefineProperty<ReadVu<&VuFacts::id_in_instance>>(context, object, "idInInstance", vu);
  DefineProperty<ReadVu<&VuFacts::id_in_test>>(context, object, "idInTest", vu);
  DefineProperty<ReadVu<&VuFacts::iteration_in_instance>>(context, object, "iterationInInstance",
                                                          vu);
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

// "test aborted: enough"
std::string Reason(absl::string_view what, bool given, absl::string_view message) {
  return given ? absl::StrCat(what, ": ", message) : std::string(what);
}

// " at default (file:///dir/script.js:3:9)": where the script called. Empty if nowhere.
std::string AtCallSite(ApiVu& vu, v8::Isolate* isolate) {
  CallSite site = CallSiteOf(isolate);
  site.place = vu.SourcePlace(site.place);
  return site.place.empty()      ? ""
         : site.function.empty() ? absl::StrCat(" at ", site.place)
                                 : absl::StrCat(" at ", site.function, " (", site.place, ")");
}

void Abort(const Info& info) {
  std::string message;
  if (MessageOf(info, &message)) {
    ApiVu& vu = VuOf(info.Data());
    vu.AbortTest(absl::StrCat(Reason("test aborted", !info[0]->IsNullOrUndefined(), message),
                              AtCallSite(vu, info.GetIsolate())));
  }
}

// Each call is told; the run's outcome says no more than that there was one.
void FailTest(const Info& info) {
  ApiVu& vu = VuOf(info.Data());
  if (vu.in_init()) {
    ThrowError(info.GetIsolate(), "execution.test.fail() called outside of VU context");
    return;
  }
  std::string message;
  if (MessageOf(info, &message)) {
    vu.logger().Error(Reason("test marked as failed", !info[0]->IsNullOrUndefined(), message));
    vu.FailTest();
  }
}

}  // namespace

v8::Local<v8::Object> MakeExecutionModule(Context context, ApiVu& vu) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Value> data = v8::External::New(isolate, &vu);
  const v8::Local<v8::Object> test = v8::Object::New(isolate);
  SetFunction(context, test, "abort", Abort, data);
  SetFunction(context, test, "fail", FailTest, data);
  DefineProperty<ReadOptions>(context, test, "options", data);
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  SetFixed(context, exports, "scenario", MakeScenario(context, data));
  SetFixed(context, exports, "instance", MakeInstance(context, data));
  SetFixed(context, exports, "test", test);
  SetFixed(context, exports, "vu", MakeVu(context, data));
  return exports;
}

}  // namespace lockstep::agent
