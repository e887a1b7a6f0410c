#include "agent/vu/script_calls.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/data/crypto/text_codec.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "common/options/parse.h"

namespace lockstep::agent {
namespace {

template <class T>
ScriptResult<T> Fail(const ScriptFailure& failure) {
  return {.value = std::nullopt, .failure = failure};
}

// The exported value `name`, or undefined.
v8::Local<v8::Value> Exported(ScriptVu& vu, absl::string_view name) {
  v8::Local<v8::Value> value;
  if (!GetProperty(vu.world().context(), vu.world().exports(), name, &value)) {
    return v8::Undefined(vu.isolate());
  }
  return value;
}

// Empty for what has no JSON.
std::optional<ScriptFailure> OptionsToJson(ScriptVu& vu, v8::Local<v8::Value> value,
                                           std::string* json) {
  v8::TryCatch caught(vu.isolate());
  v8::Local<v8::Value> result;
  if (!ResultOf(vu.world().context(), "k6/options_data.js", {value}).ToLocal(&result)) {
    return vu.FailureOf(caught);
  }
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < result.As<v8::Array>()->Length(); ++i) {
    const v8::Local<v8::Value> text =
        result.As<v8::Array>()->Get(vu.world().context(), i).ToLocalChecked();
    texts.push_back(TextIfString(vu.isolate(), text));
  }
  *json = std::move(texts.front());
  texts.erase(texts.begin());
  if (texts.empty()) {
    return std::nullopt;
  }
  return ScriptFailure{.exit_code = ExitCode::kInvalidConfig,
                       .message = std::string(ConfigurationStatus(texts).message())};
}

// Whether an object was made by the program, with something of its own in it, and not by the
// script.
void IsHostObject(const Info& info) {
  info.GetReturnValue().Set(info[0]->IsObject() &&
                            info[0].As<v8::Object>()->InternalFieldCount() > 0);
}

void Base64Of(const Info& info) {
  std::string bytes;
  if (BytesOrText(info.GetIsolate(), info[0], &bytes)) {
    info.GetReturnValue().Set(JsText(info.GetIsolate(), EncodeBase64(bytes, Base64Alphabet::kStd)));
  }
}

std::optional<ScriptFailure> SetupToJson(ScriptVu& vu, v8::Local<v8::Value> value,
                                         std::string* json) {
  json->clear();
  if (value->IsUndefined()) {
    return std::nullopt;
  }
  v8::TryCatch caught(vu.isolate());
  const Context context = vu.world().context();
  v8::Local<v8::Value> text;
  if (!ResultOf(context, "k6/setup_data.js",
                {value, v8::Function::New(context, IsHostObject).ToLocalChecked(),
                 v8::Function::New(context, Base64Of).ToLocalChecked()})
           .ToLocal(&text)) {
    ScriptFailure failure = vu.FailureOf(caught);
    if (failure.exit_code == ExitCode::kScriptException) {
      failure.exit_code = ExitCode::kOther;
    }
    return failure;
  }
  *json = TextOf(vu.isolate(), text.As<v8::String>());
  return std::nullopt;
}

}  // namespace

ScriptResult<Inspection> ExamineScript(ScriptVu& vu) {
  const v8::TryCatch ignored(vu.isolate());
  Inspection inspection;
  const v8::Local<v8::Value> options = Exported(vu, "options");
  if (options->IsPromise()) {
    return Fail<Inspection>(
        {.message =
             "exported 'options' is a promise; options are an object, so export what it comes "
             "to: `export const options = await ...`"});
  }
  // Whoever reads them says what is wrong with those that are not an object; of functions it is
  // told.
  if (!options->IsNullOrUndefined() && !options->IsFunction()) {
    if (std::optional<ScriptFailure> failure = OptionsToJson(vu, options, &inspection.options_json);
        failure.has_value()) {
      return Fail<Inspection>(*std::move(failure));
    }
  }
  for (const char* name : {"setup", "teardown"}) {
    const v8::Local<v8::Value> value = Exported(vu, name);
    if (!value->IsFunction() && !value->IsNullOrUndefined()) {
      return Fail<Inspection>(
          {.message = absl::StrCat("exported '", name, "' must be a function")});
    }
  }
  const v8::Local<v8::Value> summary = Exported(vu, "handleSummary");
  if (!summary->IsFunction() && !summary->IsNullOrUndefined()) {
    return Fail<Inspection>({.message = "exported identifier handleSummary must be a function"});
  }
  inspection.exports = vu.world().FunctionNames();
  const MetricRegistry& metrics = vu.sink().metrics();
  for (size_t i = builtin::kCount; i < metrics.size(); ++i) {
    inspection.custom_metrics.push_back(metrics.Get(MetricId{static_cast<uint32_t>(i)}));
  }
  return {.value = std::move(inspection), .failure = {}};
}

ScriptResult<std::string> CallSetup(ScriptVu& vu) {
  if (Exported(vu, "setup")->IsNullOrUndefined()) {
    return {.value = "", .failure = {}};
  }
  v8::Local<v8::Value> result;
  std::optional<ScriptFailure> failure =
      vu.CallExported("setup", "::setup", v8::Undefined(vu.isolate()), &result);
  std::string json;
  if (!failure.has_value()) {
    failure = SetupToJson(vu, result, &json);
  }
  if (failure.has_value()) {
    return Fail<std::string>(*std::move(failure));
  }
  return {.value = std::move(json), .failure = {}};
}

ScriptResult<bool> CallTeardown(ScriptVu& vu) {
  if (Exported(vu, "teardown")->IsNullOrUndefined()) {
    return {.value = true, .failure = {}};
  }
  v8::Local<v8::Value> result;
  std::optional<ScriptFailure> failure =
      vu.CallExported("teardown", "::teardown", vu.SetupValue(), &result);
  if (failure.has_value()) {
    return Fail<bool>(*std::move(failure));
  }
  return {.value = true, .failure = {}};
}

ScriptResult<SummaryOutputs> CallHandleSummary(ScriptVu& vu, const std::string& data_json) {
  v8::Isolate* isolate = vu.isolate();
  const Context context = vu.world().context();
  v8::Local<v8::Value> data;
  if (!v8::JSON::Parse(context, JsText(isolate, data_json)).ToLocal(&data)) {
    return Fail<SummaryOutputs>(
        {.exit_code = ExitCode::kInternalError, .message = "the summary's data is not JSON"});
  }
  // k6's older form of the data, which has a root_group, has setup_data in any case; the newer one
  // never.
  constexpr absl::string_view kSetupData = "setup_data";
  const auto has = [&](absl::string_view key) {
    return data->IsObject() &&
           data.As<v8::Object>()->HasOwnProperty(context, JsName(isolate, key)).FromMaybe(false);
  };
  if (has("root_group") && !has(kSetupData)) {
    SetProperty(context, data.As<v8::Object>(), kSetupData, v8::Undefined(isolate));
  }
  v8::Local<v8::Value> result;
  std::optional<ScriptFailure> failure = vu.CallExported("handleSummary", "", data, &result);
  if (failure.has_value()) {
    return Fail<SummaryOutputs>(*std::move(failure));
  }
  if (!result->BooleanValue(isolate)) {
    return {.value = SummaryOutputs(), .failure = {}};
  }
  std::map<std::string, std::string> outputs;
  v8::TryCatch caught(isolate);
  v8::Local<v8::Array> names;
  if (!IsPlainObject(result)) {
    return Fail<SummaryOutputs>(
        {.message = "handleSummary() must return an object of destinations and contents"});
  }
  const v8::Local<v8::Object> object = result.As<v8::Object>();
  if (!object->GetOwnPropertyNames(context).ToLocal(&names)) {
    return Fail<SummaryOutputs>(vu.FailureOf(caught));
  }
  for (uint32_t i = 0; i < names->Length(); ++i) {
    v8::Local<v8::Value> name;
    v8::Local<v8::Value> value;
    std::string key;
    if (!names->Get(context, i).ToLocal(&name) || !ToText(context, name, &key) ||
        !object->Get(context, name).ToLocal(&value)) {
      return Fail<SummaryOutputs>(vu.FailureOf(caught));
    }
    if (value->IsNullOrUndefined()) {
      continue;
    }
    if (!BytesOrText(isolate, value, &outputs[key])) {
      return Fail<SummaryOutputs>(
          {.message = absl::StrCat("handleSummary() returned for '", key,
                                   "' neither a string nor an ArrayBuffer")});
    }
  }
  return {.value = std::move(outputs), .failure = {}};
}

}  // namespace lockstep::agent
