#include "agent/js/source_reader.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/text.h"
#include "agent/js/compile.h"
#include "agent/js/library.h"
#include "agent/js/specifier.h"
#include "agent/js/stack_trace.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

constexpr size_t kShownOfPage = 60;
constexpr absl::string_view kMapMark = "//# sourceMappingURL=";

void ThrowLoadError(v8::Isolate* isolate, const std::string& url, absl::string_view importer,
                    const absl::Status& status) {
  if (absl::IsNotFound(status) && !IsRemote(url)) {
    ThrowError(isolate,
               absl::StrCat("The moduleSpecifier \"", url, "\" couldn't be found on local disk",
                            importer.empty() ? "" : absl::StrCat(": ", importer, " imports it")));
  } else if (absl::IsOutOfRange(status)) {
    ThrowError(isolate, absl::StrCat("the module \"", url,
                                     "\" was not previously resolved during initialization "
                                     "(__VU==0): import it in the init code, too"));
  } else {
    ThrowError(isolate,
               absl::StrCat("cannot load ", url,
                            importer.empty() ? "" : absl::StrCat(", which ", importer, " imports"),
                            ": ", status.message()));
  }
}

// Whether the text of a file from a server is a page, as servers like to send in place of a file.
bool IsWebPage(absl::string_view text) {
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  text = absl::StripLeadingAsciiWhitespace(text);
  return absl::StartsWith(text, "<") && !absl::StartsWith(text, "<!--");
}

// Where an exception of a compiler says that the mistake is; from 1, or 0 if nowhere.
std::pair<int, int> PlaceOf(Context context, const v8::TryCatch& caught) {
  const v8::Local<v8::Message> message = caught.Message();
  return message.IsEmpty() ? std::pair(0, 0)
                           : std::pair(message->GetLineNumber(context).FromMaybe(0),
                                       message->GetStartColumn(context).FromMaybe(-1) + 1);
}

void ThrowProblem(v8::Isolate* isolate, const std::string& url,
                  const TypeScriptCompiler::Problem& problem) {
  const std::string place =
      problem.line > 0 ? absl::StrCat(": Line ", problem.line, ":", problem.column, " ") : ": ";
  isolate->ThrowException(
      v8::Exception::SyntaxError(JsText(isolate, absl::StrCat(url, place, problem.message))));
}

// The text of a data URL's content; nothing if it is none.
std::optional<std::string> DataOf(absl::string_view url) {
  if (!absl::ConsumePrefix(&url, "data:") || !absl::StrContains(url, ',')) {
    return std::nullopt;
  }
  const absl::string_view head = url.substr(0, url.find(','));
  const absl::string_view data = url.substr(head.size() + 1);
  std::string text;
  if (absl::EndsWith(head, ";base64")) {
    return absl::Base64Unescape(data, &text) ? std::optional(text) : std::nullopt;
  }
  for (size_t i = 0; i < data.size(); ++i) {
    if (data[i] == '%' && i + 2 < data.size() && absl::ascii_isxdigit(data[i + 1]) &&
        absl::ascii_isxdigit(data[i + 2])) {
      text += absl::HexStringToBytes(data.substr(i + 1, 2));
      i += 2;
    } else {
      text += data[i];
    }
  }
  return text;
}

}  // namespace

v8::Isolate* SourceReader::isolate() const {
  return world_.isolate();
}
Context SourceReader::context() const {
  return world_.context();
}

TypeScriptCompiler& SourceReader::typescript() {
  if (typescript_ == nullptr) {
    typescript_ = std::make_unique<TypeScriptCompiler>(isolate());
  }
  return *typescript_;
}

bool SourceReader::Read(const std::string& url, absl::string_view importer, SourceKind* kind,
                        v8::Local<v8::String>* text) {
  ScriptIsolate& script_isolate = world_.script_isolate();
  const ScriptSource* source = world_.site().sources().Find(url);
  if (source != nullptr) {
    *text = script_isolate.TextOf(*source);
  }
  if (text->IsEmpty()) {
    const absl::StatusOr<std::string> content = world_.site().LoadFile(url);
    if (!content.ok()) {
      if (!absl::IsCancelled(content.status())) {
        ThrowLoadError(isolate(), url, importer, content.status());
      }
      return false;
    }
    source = Examined(url, importer, *content);
    if (source == nullptr) {
      return false;
    }
    *text = JsText(isolate(), source->code.has_value() ? *source->code : *content);
    script_isolate.KeepText(*source, *text);
  }
  if (source->mentions_library) {
    InstallLibrary(context());
  }
  if (!source->map_json.empty()) {
    MapStackTraces(isolate());
  }
  *kind = source->kind;
  return true;
}

const ScriptSource* SourceReader::Examined(const std::string& url, absl::string_view importer,
                                           const std::string& content) {
  const auto examine = [&]() -> absl::StatusOr<std::unique_ptr<ScriptSource>> {
    if (IsRemote(url) && IsWebPage(content)) {
      ThrowLoadError(isolate(), url, importer,
                     absl::InvalidArgumentError(absl::StrCat(
                         "the server has sent a page instead of a module: ",
                         absl::StripAsciiWhitespace(content.substr(0, kShownOfPage)), "...")));
      return absl::CancelledError();
    }
    auto examined = std::make_unique<ScriptSource>();
    if (!Examine(url, content, examined.get())) {
      return absl::CancelledError();
    }
    examined->mentions_library = MentionsLibrary(content);
    return examined;
  };
  return world_.site().sources().files().FindOrMake(url, examine).value_or(nullptr);
}

bool SourceReader::Examine(const std::string& url, const std::string& content,
                           ScriptSource* source) {
  if (absl::EndsWith(url, ".json")) {
    source->kind = SourceKind::kJson;
    return true;
  }
  if (IsTypeScript(url)) {
    return ExamineTypeScript(url, content, source);
  }
  FindMap(url, content, source);
  // What compiles as the body of a function has no import, no export and no top-level await: it
  // is CommonJS. What does not is a module, or wrong: then the error is a module's.
  if (IsCommonJs(context(), url, JsText(isolate(), content))) {
    source->kind = SourceKind::kCommonJs;
    return true;
  }
  source->code = content;
  if (!BlankAttributes(context(), url, &*source->code)) {
    return false;
  }
  if (source->code == content) {
    source->code.reset();
  }
  return !IsStandardInput(url) || ExamineUnnamed(url, content, source);
}

bool SourceReader::ExamineTypeScript(const std::string& url, const std::string& content,
                                     ScriptSource* source) {
  std::optional<TypeScriptCompiler::Problem> problem;
  std::optional<TypeScriptCompiler::Output> output = typescript().Compile(url, content, &problem);
  if (output.has_value()) {
    return Take(url, *std::move(output), source);
  }
  if (problem.has_value()) {
    ThrowProblem(isolate(), url, *problem);
  }
  return false;
}

bool SourceReader::Take(const std::string& url, TypeScriptCompiler::Output output,
                        ScriptSource* source) {
  source->kind = IsCommonJs(context(), url, JsText(isolate(), output.code)) ? SourceKind::kCommonJs
                                                                            : SourceKind::kModule;
  source->code = std::move(output.code);
  source->map_json = std::move(output.map_json);
  source->map_url = url;
  return source->kind == SourceKind::kCommonJs || BlankAttributes(context(), url, &*source->code);
}

bool SourceReader::ExamineUnnamed(const std::string& url, const std::string& content,
                                  ScriptSource* source) {
  std::pair<int, int> place;
  {
    const v8::TryCatch caught(isolate());
    if (!CompilePlainly(context(), url, JsText(isolate(), source->code.value_or(content)))
             .IsEmpty()) {
      return true;
    }
    place = PlaceOf(context(), caught);
  }
  std::optional<TypeScriptCompiler::Problem> problem;
  if (std::optional<TypeScriptCompiler::Output> output =
          typescript().Compile(url, content, &problem);
      output.has_value()) {
    return Take(url, *std::move(output), source);
  }
  // Neither: whoever understood more of it knows better where the mistake is.
  if (problem.has_value() && std::pair(problem->line, problem->column) > place) {
    ThrowProblem(isolate(), url, *problem);
    return false;
  }
  return problem.has_value();  // false: the script is being terminated
}

void SourceReader::FindMap(const std::string& url, absl::string_view content,
                           ScriptSource* source) {
  const size_t at = content.rfind(kMapMark);
  if (at == absl::string_view::npos) {
    return;
  }
  absl::string_view name = content.substr(at + kMapMark.size());
  name = absl::StripAsciiWhitespace(name.substr(0, name.find('\n')));
  // Tools that write such comments have them in their texts, where the name does not end with the
  // line.
  if (name.empty() || name.find_first_of(" \t\"'`\\") != absl::string_view::npos) {
    return;
  }
  source->map_url = url;
  std::string problem;
  if (absl::StartsWith(name, "data:")) {
    source->map_json = DataOf(name).value_or("");
  } else if (const absl::StatusOr<std::string> map_url = ResolvePath(name, url); map_url.ok()) {
    source->map_url = *map_url;
    if (absl::StatusOr<std::string> map = world_.site().LoadFile(*map_url); map.ok()) {
      source->map_json = *std::move(map);
    } else {
      problem = std::string(map.status().message());
    }
  } else {
    problem = std::string(map_url.status().message());
  }
  if (problem.empty()) {
    problem = std::string(SourceMap::Parse(source->map_json).status().message());
  }
  if (!problem.empty()) {
    source->map_json.clear();
    world_.WarnOnce(absl::StrCat("Couldn't load the source map of ", url, ": ", problem,
                                 "; stack traces name places in the file itself"));
  }
}

}  // namespace lockstep::agent
