#include "agent/js/stack_trace.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/script_source.h"
#include "agent/js/specifier.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

// Takes ":N" off the end of `text`.
std::optional<int64_t> TakeLastNumber(absl::string_view* text) {
  const size_t colon = text->rfind(':');
  int64_t number = 0;
  if (colon == absl::string_view::npos || !absl::SimpleAtoi(text->substr(colon + 1), &number)) {
    return std::nullopt;
  }
  *text = text->substr(0, colon);
  return number;
}

// "Error: message", as String(error) says without running code of a script that is no longer
// wanted.
std::string HeadOf(Context context, v8::Local<v8::Value> error) {
  const v8::TryCatch ignored(context->GetIsolate());
  std::string head;
  return ToText(context, error, &head) ? head : "<error>";
}

// What V8 does by itself unless an embedder has a say in it, as we do for the maps' sake.
bool PrepareByScript(Context context, v8::Local<v8::Value> error, v8::Local<v8::Array> sites,
                     v8::MaybeLocal<v8::Value>* prepared) {
  const v8::Local<v8::Object> global = context->Global();
  v8::Local<v8::Value> constructor, prepare;
  if (!GetProperty(context, global, "Error", &constructor) || !constructor->IsObject() ||
      !GetProperty(context, constructor.As<v8::Object>(), "prepareStackTrace", &prepare) ||
      !prepare->IsFunction()) {
    return false;
  }
  v8::Local<v8::Value> arguments[] = {error, sites};
  *prepared = prepare.As<v8::Function>()->Call(context, constructor, 2, arguments);
  return true;
}

v8::MaybeLocal<v8::Value> PrepareStackTrace(Context context, v8::Local<v8::Value> error,
                                            v8::Local<v8::Array> sites) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::MaybeLocal<v8::Value> by_script;
  if (PrepareByScript(context, error, sites, &by_script)) {
    return by_script;
  }
  World* world = World::Find(context);
  std::string stack = HeadOf(context, error);
  for (uint32_t i = 0; i < sites->Length(); ++i) {
    v8::Local<v8::Value> site;
    std::string frame;
    if (!sites->Get(context, i).ToLocal(&site) || !ToText(context, site, &frame)) {
      return {};
    }
    absl::StrAppend(&stack, "\n    at ",
                    world == nullptr ? frame : MapFrame(world->site().sources(), frame));
  }
  return JsText(isolate, stack);
}

}  // namespace

void MapStackTraces(v8::Isolate* isolate) {
  isolate->SetPrepareStackTraceCallback(&PrepareStackTrace);
}

ScriptPlace MapPlace(SourceStore& sources, ScriptPlace place) {
  const ScriptSource* source = sources.Find(place.url);
  const SourceMap* map = source == nullptr ? nullptr : source->map();
  const std::optional<SourceMap::Place> found =
      map == nullptr ? std::nullopt : map->Find(place.line, place.column);
  if (found.has_value()) {
    place = {ResolvePath(found->source, source->map_url).value_or(found->source), found->line,
             found->column};
  }
  return place;
}

std::string MapFrame(SourceStore& sources, absl::string_view frame) {
  absl::string_view rest = frame;
  const bool in_parentheses = absl::EndsWith(rest, ")");
  if (in_parentheses) {
    rest.remove_suffix(1);
  }
  const std::optional<int64_t> column = TakeLastNumber(&rest);
  const std::optional<int64_t> line = column.has_value() ? TakeLastNumber(&rest) : std::nullopt;
  if (!line.has_value()) {
    return std::string(frame);
  }
  const size_t open = in_parentheses ? rest.rfind(" (") + 2 : rest.rfind(' ') + 1;
  const ScriptPlace place = MapPlace(sources, {std::string(rest.substr(open)), *line, *column});
  return absl::StrCat(rest.substr(0, open), place.url, ":", place.line, ":", place.column,
                      in_parentheses ? ")" : "");
}

bool IsOwnFrame(absl::string_view frame) {
  absl::string_view place = absl::StripSuffix(frame, ")");
  return TakeLastNumber(&place).has_value() && TakeLastNumber(&place).has_value() &&
         absl::EndsWith(place, "<anonymous>") && !absl::StrContains(frame, "eval at ");
}

int StackDepth(v8::Isolate* isolate) {
  return v8::StackTrace::CurrentStackTrace(isolate, kMaxFrames, v8::StackTrace::kScriptName)
      ->GetFrameCount();
}

std::string CallingFile(v8::Isolate* isolate) {
  const v8::Local<v8::String> name = v8::StackTrace::CurrentScriptNameOrSourceURL(isolate);
  return name.IsEmpty() ? "file:///" : TextOf(isolate, name);
}

}  // namespace lockstep::agent
