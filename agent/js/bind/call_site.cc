#include "agent/js/bind/call_site.h"

#include <cstdint>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

#include "agent/js/bind/text.h"

namespace lockstep::agent {

namespace {

// The innermost one of the user's, or else the innermost; empty if no script is running.
v8::Local<v8::StackFrame> FrameOf(v8::Isolate* isolate) {
  // Parts of the program that are scripts have no name. More frames cost more, and are seldom
  // needed.
  constexpr int kMostOwn = 8;
  const auto has_name = [](v8::Local<v8::StackFrame> of) {
    const v8::Local<v8::String> name = of->GetScriptNameOrSourceURL();
    return !name.IsEmpty() && name->Length() > 0;
  };
  v8::Local<v8::StackFrame> innermost;
  for (const int depth : {1, kMostOwn + 1}) {
    const v8::Local<v8::StackTrace> stack =
        v8::StackTrace::CurrentStackTrace(isolate, depth, v8::StackTrace::kDetailed);
    for (int i = 0; i < stack->GetFrameCount(); ++i) {
      const v8::Local<v8::StackFrame> frame = stack->GetFrame(isolate, static_cast<uint32_t>(i));
      if (has_name(frame)) {
        return frame;
      }
      innermost = i == 0 ? frame : innermost;
    }
    if (innermost.IsEmpty()) {
      break;
    }
  }
  return innermost;
}

}  // namespace

CallSite CallSiteOf(v8::Isolate* isolate) {
  const v8::Local<v8::StackFrame> frame = FrameOf(isolate);
  if (frame.IsEmpty()) {
    return {};
  }
  const auto text = [isolate](v8::Local<v8::String> name) {
    return name.IsEmpty() ? std::string() : TextOf(isolate, name);
  };
  return {.function = text(frame->GetFunctionName()),
          .place = absl::StrCat(text(frame->GetScriptNameOrSourceURL()), ":",
                                frame->GetLineNumber(), ":", frame->GetColumn())};
}

size_t CallSiteNumber(v8::Isolate* isolate) {
  const v8::Local<v8::StackFrame> frame = FrameOf(isolate);
  return frame.IsEmpty()
             ? 0
             : absl::HashOf(frame->GetScriptId(), frame->GetLineNumber(), frame->GetColumn());
}

}  // namespace lockstep::agent
