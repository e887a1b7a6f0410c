#include "agent/js/fault.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/console.h"
#include "agent/js/stack_trace.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kSyntaxError = "SyntaxError: ";
constexpr absl::string_view kFrame = "\n    at ";

std::string DescribeSyntaxError(Context context, absl::string_view what,
                                v8::Local<v8::Message> message) {
  v8::Isolate* isolate = context->GetIsolate();
  ScriptPlace place{TextOf(isolate, message->GetScriptOrigin().ResourceName().As<v8::String>()),
                    message->GetLineNumber(context).FromMaybe(0),
                    message->GetStartColumn(context).FromMaybe(0) + 1};
  if (World* const world = World::Find(context); world != nullptr) {
    place = MapPlace(world->site().sources(), std::move(place));
  }
  return absl::StrCat(kSyntaxError, place.url, ": Line ", place.line, ":", place.column, " ",
                      absl::StripPrefix(what, kSyntaxError));
}

// The own data property `name` as text, without running getters of the script.
std::string DataText(Context context, v8::Local<v8::Object> object, absl::string_view name) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::TryCatch ignored(isolate);
  v8::Local<v8::Value> value;
  if (!object->GetRealNamedProperty(context, JsName(isolate, name)).ToLocal(&value) ||
      !value->IsString()) {
    return "";
  }
  return TextOf(isolate, value.As<v8::String>());
}

}  // namespace

std::string DescribeException(Context context, v8::Local<v8::Value> exception,
                              v8::Local<v8::Message> message) {
  v8::Isolate* isolate = context->GetIsolate();
  if (!exception->IsNativeError()) {
    std::string text = FormatForConsole(context, exception);
    if (!message.IsEmpty() && message->GetScriptOrigin().ResourceName()->IsString()) {
      const std::string place =
          absl::StrCat(TextOf(isolate, message->GetScriptOrigin().ResourceName().As<v8::String>()),
                       ":", message->GetLineNumber(context).FromMaybe(0), ":",
                       message->GetStartColumn(context).FromMaybe(0) + 1);
      World* world = World::Find(context);
      absl::StrAppend(&text, "\n\tat ",
                      world == nullptr ? place : MapFrame(world->site().sources(), place));
    }
    return text;
  }
  std::string stack = DataText(context, exception.As<v8::Object>(), "stack");
  if (!message.IsEmpty() && absl::StartsWith(stack, kSyntaxError) &&
      message->GetScriptOrigin().ResourceName()->IsString() && !absl::StrContains(stack, kFrame)) {
    return DescribeSyntaxError(context, stack, message);
  }
  if (stack.empty()) {
    stack = message.IsEmpty() ? "Error" : TextOf(isolate, message->Get());
  }
  const std::vector<std::string> parts = absl::StrSplit(stack, kFrame);
  std::string text = parts.front();
  for (size_t i = 1; i < parts.size(); ++i) {
    if (!IsOwnFrame(parts[i])) {
      absl::StrAppend(&text, "\n\tat ", parts[i]);
    }
  }
  return text;
}

void NamePlaceOfSyntaxError(Context context, const v8::TryCatch& caught) {
  if (!caught.HasCaught() || !caught.CanContinue() || !caught.Exception()->IsNativeError() ||
      caught.Message().IsEmpty()) {
    return;
  }
  const auto error = caught.Exception().As<v8::Object>();
  const std::string stack = DataText(context, error, "stack");
  const size_t frames = absl::string_view(stack).find(kFrame);
  if (absl::StartsWith(stack, kSyntaxError) && frames != std::string::npos) {
    SetProperty(context, error, "stack",
                JsText(context->GetIsolate(),
                       DescribeSyntaxError(context, stack.substr(0, frames), caught.Message()) +
                           stack.substr(frames)));
  }
}

bool MayLackPlace(v8::Isolate* isolate, const v8::TryCatch& caught) {
  return caught.HasCaught() && caught.CanContinue() && caught.Exception()->IsNativeError() &&
         !caught.Message().IsEmpty() &&
         !absl::StrContains(TextOf(isolate, caught.Message()->Get()), kSyntaxError);
}

bool WasThrownByNoScript(v8::Isolate* isolate, const v8::TryCatch& caught) {
  return MayLackPlace(isolate, caught) &&
         !caught.Message()->GetScriptOrigin().ResourceName()->IsString();
}

void NamePlaceIfNone(v8::Local<v8::Context> context, v8::Local<v8::Object> error,
                     const std::string& place) {
  const std::string stack = DataText(context, error, "stack");
  if (stack.empty() || absl::StrContains(stack, kFrame)) {
    return;
  }
  World* const world = World::Find(context);
  SetProperty(
      context, error, "stack",
      JsText(context->GetIsolate(),
             absl::StrCat(stack, kFrame,
                          world == nullptr ? place : MapFrame(world->site().sources(), place))));
}

FaultKind KindOfFault(absl::string_view text) {
  constexpr absl::string_view kAt = "\n\tat ";
  constexpr absl::string_view kBuiltIn = "<anonymous>";  // of functions that are in no file
  FaultKind kind{.what = text.substr(0, text.find('\n')), .where = {}};
  for (size_t at = text.find(kAt); at != absl::string_view::npos && kind.where.empty();
       at = text.find(kAt, at + 1)) {
    absl::string_view frame = text.substr(at + kAt.size());
    frame = frame.substr(0, frame.find('\n'));
    frame = absl::StripSuffix(frame.substr(frame.find_last_of("/(") + 1), ")");
    kind.where = absl::StartsWith(frame, kBuiltIn) ? "" : frame;
  }
  return kind;
}

}  // namespace lockstep::agent
