#include "agent/js/bind/call_site.h"

#include "absl/strings/str_cat.h"

#include "agent/js/bind/text.h"

namespace lockstep::agent {

CallSite CallSiteOf(v8::Isolate* isolate) {
  const v8::Local<v8::StackTrace> stack =
      v8::StackTrace::CurrentStackTrace(isolate, 1, v8::StackTrace::kDetailed);
  if (stack->GetFrameCount() == 0) {
    return {};
  }
  const v8::Local<v8::StackFrame> frame = stack->GetFrame(isolate, 0);
  const auto text = [isolate](v8::Local<v8::String> name) {
    return name.IsEmpty() ? std::string() : TextOf(isolate, name);
  };
  return {.function = text(frame->GetFunctionName()),
          .place = absl::StrCat(text(frame->GetScriptNameOrSourceURL()), ":",
                                frame->GetLineNumber(), ":", frame->GetColumn())};
}

}  // namespace lockstep::agent
