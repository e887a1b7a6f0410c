#include "agent/js/bind/call_site.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/text.h"

namespace lockstep::agent {

CallSite CallSiteOf(v8::Isolate* isolate) {
  // Parts of the program that are scripts have no name. More frames cost more, and are seldom needed.
  constexpr int kMostOwn = 8;
  const auto has_name = [](v8::Local<v8::StackFrame> of) {
    const v8::Local<v8::String> name = of->GetScriptNameOrSourceURL();
    return !name.IsEmpty() && name->Length() > 0;
  };
  v8::Local<v8::StackFrame> frame;
  for (const int depth : {1, kMostOwn + 1}) {
    const v8::Local<v8::StackTrace> stack =
        v8::StackTrace::CurrentStackTrace(isolate, depth, v8::StackTrace::kDetailed);
    if (stack->GetFrameCount() == 0) {
      return {};
    }
    frame = stack->GetFrame(isolate, 0);  // also where none has a name
    int named = 0;
    while (named < stack->GetFrameCount() &&
           !has_name(stack->GetFrame(isolate, static_cast<uint32_t>(named)))) {
      ++named;
    }
    if (named < stack->GetFrameCount()) {
      frame = stack->GetFrame(isolate, static_cast<uint32_t>(named));
      break;
    }
  }
  const auto text = [isolate](v8::Local<v8::String> name) {
    return name.IsEmpty() ? std::string() : TextOf(isolate, name);
  };
  return {.function = text(frame->GetFunctionName()),
          .place = absl::StrCat(text(frame->GetScriptNameOrSourceURL()), ":",
                                frame->GetLineNumber(), ":", frame->GetColumn())};
}

}  // namespace lockstep::agent
