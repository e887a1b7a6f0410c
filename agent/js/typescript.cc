#include "agent/js/typescript.h"

#include <v8.h>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/embedded_scripts.h"
#include "agent/js/bind/text.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

// Evaluates to the function (source, file) => JavaScript.
constexpr absl::string_view kTransformer = R"(
(source, file) => sucrase.transform(source, {
  transforms: ['typescript'], filePath: file, disableESTransforms: true, keepUnusedImports: false,
}).code
)";

bool Evaluate(v8::Local<v8::Context> context, absl::string_view text,
              v8::Local<v8::Value>* result) {
  v8::Local<v8::Script> script;
  return v8::Script::Compile(context, JsText(context->GetIsolate(), text)).ToLocal(&script) &&
         script->Run(context).ToLocal(result);
}

bool Transform(v8::Isolate* isolate, const std::string& url, std::string* text) {
  const v8::Local<v8::Context> context = v8::Context::New(isolate);
  const v8::Context::Scope scope(context);
  v8::Local<v8::Value> value;
  if (!Evaluate(context, SucraseSource(), &value) || !Evaluate(context, kTransformer, &value)) {
    return false;
  }
  v8::Local<v8::Value> arguments[] = {JsText(isolate, *text), JsText(isolate, url)};
  v8::Local<v8::Value> code;
  if (!value.As<v8::Function>()
           ->Call(context, v8::Undefined(isolate), 2, arguments)
           .ToLocal(&code)) {
    return false;
  }
  *text = TextOf(isolate, code.As<v8::String>());
  return true;
}

}  // namespace

bool StripTypes(World& world, const std::string& url, std::string* text) {
  auto& known = world.script_isolate().stripped();
  const auto found = known.find(url);
  if (found != known.end()) {
    *text = found->second;
    return true;
  }
  v8::Isolate* isolate = world.isolate();
  std::string problem;
  {
    const v8::TryCatch caught(isolate);
    if (Transform(isolate, url, text)) {
      known.emplace(url, *text);
      return true;
    }
    if (!caught.HasCaught() || caught.HasTerminated()) {
      return false;
    }
    v8::Local<v8::String> message;
    if (caught.Exception()->ToString(world.context()).ToLocal(&message)) {
      problem = TextOf(isolate, message);
    }
  }
  isolate->ThrowException(
      v8::Exception::SyntaxError(JsText(isolate, absl::StrCat(url, ": ", problem))));
  return false;
}

}  // namespace lockstep::agent
