#include "agent/js/k6/metrics.h"

#include <cmath>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "agent/js/bind/bound_methods.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/script_tags.h"

namespace lockstep::agent {
namespace {

constexpr int kIdField = 0;

// The number that a sample takes from `value`; NaN where it has none.
bool SampleValue(Context context, v8::Local<v8::Value> value, double* number) {
  if (value->IsNull() || value->IsSymbol() || value->IsBigInt()) {
    *number = std::nan("");
    return true;
  }
  return value->NumberValue(context).To(number);
}

// Refuses a value: an exception if the option `throw` is set, a warning otherwise.
void Refuse(const Info& info, std::string message) {
  ApiVu& vu = ModuleOf<ApiVu>(info);
  if (vu.options().throw_on_error) {
    ThrowTypeError(info.GetIsolate(), message);
    return;
  }
  vu.logger().Warn(std::move(message));
  info.GetReturnValue().Set(false);
}

void AddSample(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  ApiVu& vu = ModuleOf<ApiVu>(info);
  if (RefusedInInit(vu, isolate, "Adding to metrics")) {
    return;
  }
  const MetricId id{info.This()->GetInternalField(kIdField).As<v8::Uint32>()->Value()};
  double number = 0;
  if (!SampleValue(context, info[0], &number)) {
    return;
  }
  if (std::isnan(number)) {
    std::string text;
    if (info[0]->IsSymbol() || !ToText(context, info[0], &text)) {
      text = "a symbol";
    }
    constexpr size_t kLongest = 32;
    if (text.size() > kLongest) {
      text = absl::StrCat(text.substr(0, kLongest), "...");
    }
    Refuse(info, absl::StrCat("'", text, "' is an invalid value for metric '",
                              vu.sink().metrics().Get(id).name,
                              "', a number or a boolean value is expected"));
    return;
  }
  TagSet tags = vu.tags();
  if (const absl::Status added = AddScriptTags(context, "Metric.add(): tags", info[1], vu, &tags);
      !added.ok()) {
    if (!absl::IsCancelled(added)) {
      ThrowError(isolate,
                 absl::StrCat("cannot add tags for the '", vu.sink().metrics().Get(id).name,
                              "' custom metric: ", added.message()));
    }
    return;
  }
  vu.sink().Add(id, tags, number, vu.loop().clock().Wall());
  info.GetReturnValue().Set(true);
}

template <MetricType kType>
void Construct(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  ApiVu& vu = ModuleOf<ApiVu>(info);
  if (!info.IsConstructCall()) {
    ConstructAnew(info, MetricTypeName(kType));
    return;
  }
  if (!vu.in_init()) {
    ThrowError(isolate, "metrics must be declared in the init context");
    return;
  }
  std::string name;
  if (!info[0]->IsUndefined() && !ToText(context, info[0], &name)) {
    return;
  }
  const ValueType contains =
      info[1]->BooleanValue(isolate) ? ValueType::kTime : ValueType::kDefault;
  const absl::StatusOr<MetricId> id = vu.sink().metrics().Register(name, kType, contains);
  if (!id.ok()) {
    ThrowError(isolate, id.status().message());
    return;
  }
  info.This()->SetInternalField(kIdField,
                                v8::Integer::NewFromUnsigned(isolate, static_cast<uint32_t>(*id)));
  // Both are properties of the metric itself, in this order, as scripts that look at it find them
  // in k6.
  info.This()
      ->DefineOwnProperty(context, JsName(isolate, "name"), JsText(isolate, name),
                          static_cast<v8::PropertyAttribute>(v8::ReadOnly | v8::DontDelete))
      .Check();
  SetBoundMethod(context, info.This(), "add", AddSample);
}

void DefineClass(Context context, v8::Local<v8::Object> exports, absl::string_view name,
                 v8::FunctionCallback construct) {
  const auto complete = [](v8::Local<v8::FunctionTemplate> made) {
    made->InstanceTemplate()->SetInternalFieldCount(1);
  };
  v8::Local<v8::Function> constructor;
  if (ClassTemplate(context->GetIsolate(), name, construct, complete)
          ->GetFunction(context)
          .ToLocal(&constructor)) {
    SetProperty(context, exports, name, constructor);
    KeepConstructor(context, absl::AsciiStrToLower(name), constructor);
  }
}

}  // namespace

v8::Local<v8::Object> MakeMetricsModule(Context context, ApiVu& vu) {
  SetModule(context, &vu);
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  DefineClass(context, exports, "Counter", Construct<MetricType::kCounter>);
  DefineClass(context, exports, "Gauge", Construct<MetricType::kGauge>);
  DefineClass(context, exports, "Rate", Construct<MetricType::kRate>);
  DefineClass(context, exports, "Trend", Construct<MetricType::kTrend>);
  return exports;
}

}  // namespace lockstep::agent
