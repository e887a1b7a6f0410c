#include "agent/js/typescript.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/http/compress.h"
#include "agent/js/bind/embedded_scripts.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/text_codec_globals.h"
#include "common/base/check.h"

namespace lockstep::agent {
namespace {

constexpr int64_t kMaxWasmBytes = int64_t{16} << 20;

int NumberProperty(Context context, v8::Local<v8::Object> object, absl::string_view name) {
  v8::Local<v8::Value> value;
  return GetProperty(context, object, name, &value) ? value->Int32Value(context).FromMaybe(0) : 0;
}

}  // namespace

bool IsTypeScript(absl::string_view url) {
  return absl::EndsWith(url, ".ts") || absl::EndsWith(url, ".mts") || absl::EndsWith(url, ".cts");
}

bool IsStandardInput(absl::string_view url) {
  return absl::EndsWith(url, "/-");
}

bool MayBeTypeScript(absl::string_view url) {
  return IsTypeScript(url) || IsStandardInput(url);
}

bool TypeScriptCompiler::Start() {
  const Context context = v8::Context::New(isolate_);
  const v8::Context::Scope scope(context);
  const absl::StatusOr<std::string> wasm =
      Decompress(Coding::kBrotli, SwcWasmBrotli(), kMaxWasmBytes);
  LOCKSTEP_CHECK(wasm.ok());
  // swc.js takes its WebAssembly: (bytes) => { transformSync }
  v8::Local<v8::Value> compiler, compile;
  if (!SetTextCodecs(context, context->Global()) ||
      !ResultOf(context, "vendor/swc.js", {JsBytes(isolate_, *wasm)}).ToLocal(&compiler) ||
      !ResultOf(context, "typescript.js", {compiler}).ToLocal(&compile)) {
    return false;
  }
  context_.Reset(isolate_, context);
  compile_.Reset(isolate_, compile.As<v8::Function>());
  return true;
}

bool TypeScriptCompiler::Call(const std::string& url, absl::string_view source,
                              std::optional<Output>* output, std::optional<Problem>* problem) {
  if (compile_.IsEmpty() && !Start()) {
    return false;
  }
  const Context context = context_.Get(isolate_);
  const v8::Context::Scope scope(context);
  v8::Local<v8::Value> arguments[] = {JsText(isolate_, source), JsText(isolate_, url)};
  v8::Local<v8::Value> value;
  if (!compile_.Get(isolate_)
           ->Call(context, v8::Undefined(isolate_), 2, arguments)
           .ToLocal(&value)) {
    return false;
  }
  const v8::Local<v8::Object> result = value.As<v8::Object>();
  v8::Local<v8::Value> code;
  if (GetProperty(context, result, "code", &code) && code->IsString()) {
    *output = Output{.code = TextOf(isolate_, code.As<v8::String>()),
                     .map_json = TextProperty(context, result, "map")};
  } else {
    *problem = Problem{.message = TextProperty(context, result, "message"),
                       .line = NumberProperty(context, result, "line"),
                       .column = NumberProperty(context, result, "column")};
  }
  return true;
}

std::optional<TypeScriptCompiler::Output> TypeScriptCompiler::Compile(
    const std::string& url, absl::string_view source, std::optional<Problem>* problem) {
  problem->reset();
  const v8::HandleScope handles(isolate_);
  std::optional<Output> output;
  v8::TryCatch caught(isolate_);
  if (Call(url, source, &output, problem)) {
    return output;
  }
  // Its WebAssembly may be in no state to go on.
  compile_.Reset();
  context_.Reset();
  if (caught.HasTerminated()) {
    return std::nullopt;
  }
  *problem = Problem{.message = caught.Message().IsEmpty()
                                    ? "the TypeScript compiler has failed"
                                    : absl::StrCat("the TypeScript compiler has failed: ",
                                                   TextOf(isolate_, caught.Message()->Get()))};
  return std::nullopt;
}

}  // namespace lockstep::agent
