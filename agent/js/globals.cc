#include "agent/js/globals.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/text.h"
#include "agent/js/specifier.h"
#include "agent/js/stack_trace.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

void Open(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  WorldSite& site = World::Of(isolate->GetCurrentContext()).site();
  if (!site.api().in_init()) {
    ThrowError(isolate,
               "the \"open\" function is only available in the init stage (i.e. the global scope)");
    return;
  }
  if (!info[0]->IsString() || info[0].As<v8::String>()->Length() == 0) {
    ThrowTypeError(isolate, "open() can't be used with an empty filename");
    return;
  }
  const std::string path = TextArgument(info, 0);
  const absl::StatusOr<std::string> url = UrlOfPath(isolate, path);
  if (!url.ok()) {
    ThrowStatus(isolate, url.status());
    return;
  }
  const absl::StatusOr<std::string> content = site.LoadFile(*url);
  if (absl::IsCancelled(content.status())) {
    return;
  }
  if (!content.ok()) {
    if (absl::IsOutOfRange(content.status())) {
      ThrowError(isolate, absl::StrCat("open() can't be used with files that weren't previously "
                                       "opened during initialization (__VU==0), path: \"",
                                       path, "\""));
      return;
    }
    ThrowError(isolate, absl::StrContains(content.status().message(), "Is a directory")
                            ? absl::StrCat("open() can't be used with directories, path: ", path)
                            : absl::StrCat("open ", path, ": ", content.status().message()));
    return;
  }
  const bool binary = info[1]->IsString() && TextArgument(info, 1) == "b";
  if (!binary && !info[1]->IsNullOrUndefined()) {
    WarnOfCall(site.api(),
               absl::StrCat("open(): the mode ", Shown(ContextOf(info), info[1]),
                            " has no effect, the file is read as text; for bytes it is \"b\""));
  }
  if (binary) {
    info.GetReturnValue().Set(JsBytes(isolate, *content));
  } else if (content->size() > static_cast<size_t>(kMostTextBytes)) {
    ThrowError(isolate, absl::StrCat("open ", path, ": the file has ", content->size(),
                                     " bytes, a text at most ", kMostTextBytes,
                                     "; open it as binary: open(path, 'b')"));
  } else {
    info.GetReturnValue().Set(JsText(isolate, *content));
  }
}

void Require(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  World& world = World::Of(isolate->GetCurrentContext());
  if (!world.site().api().in_init()) {
    ThrowError(
        isolate,
        "the \"require\" function is only available in the init stage (i.e. the global scope)");
    return;
  }
  if (!info[0]->IsString()) {
    ThrowTypeError(isolate, "require() can't be used with an empty specifier");
    return;
  }
  Return(info, world.modules().Require(TextArgument(info, 0), CallingFile(isolate)));
}

}  // namespace

absl::StatusOr<std::string> UrlOfPath(v8::Isolate* isolate, absl::string_view path) {
  return ResolvePath(path, World::Of(isolate->GetCurrentContext()).modules().RunningModule());
}

void InstallFileAccess(Context context) {
  SetFunction(context, context->Global(), "open", &Open);
  SetFunction(context, context->Global(), "require", &Require);
}

}  // namespace lockstep::agent
