#include "agent/js/compile.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/text.h"
#include "agent/js/fault.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kWrapperHead = "(function (exports, module) {";
constexpr absl::string_view kWrapperTail = "\n})";

v8::ScriptOrigin OriginOf(v8::Isolate* isolate, const std::string& url, int column_offset,
                          bool is_module) {
  return v8::ScriptOrigin(isolate, JsText(isolate, url), 0, column_offset, false, -1,
                          v8::Local<v8::Value>(), false, false, is_module);
}

// The text from V8's character `start` on.
std::string TextAfter(v8::Isolate* isolate, v8::Local<v8::String> text, int start) {
  std::u16string units(static_cast<size_t>(text->Length() - start), u'\0');
  text->Write(isolate, reinterpret_cast<uint16_t*>(units.data()), start,
              static_cast<int>(units.size()), v8::String::NO_NULL_TERMINATION);
  v8::Local<v8::String> rest;
  return v8::String::NewFromTwoByte(isolate, reinterpret_cast<const uint16_t*>(units.data()),
                                    v8::NewStringType::kNormal, static_cast<int>(units.size()))
                 .ToLocal(&rest)
             ? TextOf(isolate, rest)
             : "";
}

// A first line "#!/usr/bin/env k6" is a comment only where a file begins, and not in the body of a
// function.
v8::Local<v8::String> CommentHashbang(v8::Isolate* isolate, v8::Local<v8::String> text) {
  uint16_t first[2] = {};
  text->Write(isolate, first, 0, 2, v8::String::NO_NULL_TERMINATION);
  return first[0] == '#' && first[1] == '!'
             ? JsText(isolate, absl::StrCat("//", TextAfter(isolate, text, 2)))
             : text;
}

// Modules are strict code, where V8 stops at a word such as `let` or `static` and says that it is
// reserved, though the mistake comes behind it: `let = = 3`. Compiles the text as sloppy code,
// exports out of the way and columns kept, which fails at the mistake itself.
bool CompileSloppily(Context context, const std::string& url, v8::Local<v8::String> text) {
  v8::Isolate* isolate = context->GetIsolate();
  const std::string plain = absl::StrReplaceAll(
      TextOf(isolate, text), {{"export default", "void          "}, {"export ", "       "}});
  v8::ScriptCompiler::Source source(JsText(isolate, plain),
                                    OriginOf(isolate, url, 0, /*is_module=*/false));
  return !v8::ScriptCompiler::CompileUnboundScript(isolate, &source).IsEmpty();
}

// Whether CompileSloppily describes the syntax error `strict` better.
bool FailsBehind(Context context, const v8::TryCatch& strict, const std::string& url,
                 v8::Local<v8::String> text) {
  v8::Isolate* isolate = context->GetIsolate();
  const auto place = [&](v8::Local<v8::Message> message) {
    return std::pair(message->GetLineNumber(context).FromMaybe(0),
                     message->GetStartColumn(context).FromMaybe(0));
  };
  if (strict.Message().IsEmpty() ||
      !absl::StrContains(TextOf(isolate, strict.Message()->Get()), "reserved word")) {
    return false;
  }
  const v8::TryCatch sloppy(isolate);
  return !CompileSloppily(context, url, text) && !sloppy.Message().IsEmpty() &&
         absl::StrContains(TextOf(isolate, sloppy.Message()->Get()), "Unexpected token") &&
         place(sloppy.Message()) > place(strict.Message());
}

}  // namespace

v8::MaybeLocal<v8::Module> CompilePlainly(Context context, const std::string& url,
                                          v8::Local<v8::String> text) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::ScriptCompiler::Source source(text, OriginOf(isolate, url, 0, /*is_module=*/true));
  return v8::ScriptCompiler::CompileModule(isolate, &source);
}

v8::MaybeLocal<v8::Module> CompileEsModule(Context context, const std::string& url,
                                           v8::Local<v8::String> text) {
  v8::TryCatch caught(context->GetIsolate());
  v8::Local<v8::Module> module;
  if (CompilePlainly(context, url, text).ToLocal(&module)) {
    return module;
  }
  if (FailsBehind(context, caught, url, text)) {
    caught.Reset();
    CompileSloppily(context, url, text);
  }
  NamePlaceOfSyntaxError(context, caught);
  PassOn(caught);
  return {};
}

v8::MaybeLocal<v8::Function> CompileCommonJs(Context context, const std::string& url,
                                             v8::Local<v8::String> text) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::String> head = JsText(isolate, kWrapperHead);
  const v8::Local<v8::String> wrapped =
      v8::String::Concat(isolate, v8::String::Concat(isolate, head, CommentHashbang(isolate, text)),
                         JsText(isolate, kWrapperTail));
  v8::ScriptCompiler::Source source(
      wrapped, OriginOf(isolate, url, -static_cast<int>(kWrapperHead.size()), /*is_module=*/false));
  v8::TryCatch caught(isolate);
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> function;
  if (!v8::ScriptCompiler::Compile(context, &source).ToLocal(&script) ||
      !script->Run(context).ToLocal(&function)) {
    NamePlaceOfSyntaxError(context, caught);
    PassOn(caught);
    return {};
  }
  return function.As<v8::Function>();
}

bool IsCommonJs(Context context, const std::string& url, v8::Local<v8::String> text) {
  const v8::TryCatch ignored(context->GetIsolate());
  return !CompileCommonJs(context, url, text).IsEmpty();
}

// `import x from './x.json' with { type: 'json' }`: the compiler stops at the word, and what
// follows in braces becomes blanks, so that all columns stay. What a file is, its name says.
bool BlankAttributes(Context context, const std::string& url, std::string* code) {
  v8::Isolate* isolate = context->GetIsolate();
  constexpr absl::string_view kWord = "with";
  while (absl::StrContains(*code, kWord)) {
    int start = 0;
    {
      const v8::TryCatch caught(isolate);
      if (!CompilePlainly(context, url, JsText(isolate, *code)).IsEmpty() ||
          caught.Message().IsEmpty()) {
        return true;
      }
      start = caught.Message()->GetStartPosition();
    }
    // Positions are V8's characters.
    const v8::Local<v8::String> text = JsText(isolate, *code);
    const std::string rest = TextAfter(isolate, text, start);
    const size_t open = rest.find('{'), close = rest.find('}');
    if (!absl::StartsWith(rest, kWord) || open == std::string::npos || close == std::string::npos ||
        !absl::StripAsciiWhitespace(rest.substr(kWord.size(), open - kWord.size())).empty()) {
      return true;  // another mistake, which the compiler will name
    }
    std::string shown = rest.substr(open + 1, close - open - 1);
    absl::RemoveExtraAsciiWhitespace(&shown);  // swc writes each into a line of its own
    const std::string attributes =
        absl::StrReplaceAll(shown, {{" ", ""}, {"'", "\""}, {"\"type\"", "type"}});
    if (absl::StripSuffix(attributes, ",") != "type:\"json\"") {
      isolate->ThrowException(v8::Exception::SyntaxError(
          JsText(isolate, absl::StrCat(url, ": the import attributes { ", shown,
                                       " } are not supported; { type: 'json' } is"))));
      return false;
    }
    std::string blanked = *code;
    const size_t at = code->size() - rest.size();
    for (size_t i = at; i <= at + close; ++i) {
      if (blanked[i] != '\n') {
        blanked[i] = ' ';
      }
    }
    *code = std::move(blanked);
  }
  return true;
}

}  // namespace lockstep::agent
