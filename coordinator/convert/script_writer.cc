#include "coordinator/convert/script_writer.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "common/base/json_text.h"
#include "common/base/safe_integer.h"
#include "common/base/words.h"
#include "common/options/document.h"
#include "coordinator/convert/json_fields.h"

namespace lockstep::coordinator {
namespace {

constexpr char kScriptHead[] = R"(import http from 'k6/http';
import { check, group, sleep } from 'k6';
)";
constexpr char kScriptOptions[] = R"(
export const options = {
  vus: 1,
  iterations: 1,
  thresholds: {
    checks: ['rate>0.99'],
    http_req_failed: ['rate<0.01'],
  },
};
)";

// The inside of a string literal, whatever its quotes: what JSON writes, which JavaScript reads
// alike.
std::string Escaped(absl::string_view text) {
  const std::string json = JsonText(Json(std::string(text)));
  std::string inside;
  for (size_t i = 1; i + 1 < json.size(); ++i) {
    if (json[i] == '\\' && json[i + 1] == '"') {
      continue;  // needs no escape here
    }
    inside += json[i];
    if (json[i] == '\\') {
      inside += json[++i];
    }
  }
  return inside;
}

std::string Key(absl::string_view name) {
  // Between brackets, so that it is a property like any other.
  return name == "__proto__"  ? "['__proto__']"
         : IsIdentifier(name) ? std::string(name)
                              : JsString(name);
}

std::string Variable(absl::string_view name) {
  if (name == kBaseUrl) {
    return std::string(name);
  }
  return IsIdentifier(name) ? absl::StrCat("vars.", name)
                            : absl::StrCat("vars[", JsString(name), "]");
}

std::string Environment(absl::string_view name) {
  return IsIdentifier(name) ? absl::StrCat("__ENV.", name)
                            : absl::StrCat("__ENV[", JsString(name), "]");
}

bool HasVariables(const Template& text) {
  return std::any_of(text.begin(), text.end(), [](const Piece& piece) { return piece.variable; });
}

std::string Literal(const Template& text) {
  if (!HasVariables(text)) {
    return JsString(Joined(text));
  }
  std::string out = "`";
  for (const Piece& piece : text) {
    absl::StrAppend(&out, piece.variable ? absl::StrCat("${", Variable(piece.text), "}")
                                         : absl::StrReplaceAll(Escaped(piece.text),
                                                               {{"`", "\\`"}, {"${", "\\${"}}));
  }
  return absl::StrCat(out, "`");
}

// Whether a JavaScript literal would be the same value: its numbers are doubles, and __proto__ is
// no property.
bool SurvivesJavaScript(const Json& value, int depth = 0) {
  constexpr int kMostLevels = 50;
  if (depth > kMostLevels) {
    return false;
  }
  if (value.is_number_unsigned()) {
    return value.get<uint64_t>() <= static_cast<uint64_t>(kMostExactInteger);
  }
  if (value.is_number_integer()) {
    return value.get<int64_t>() >= -kMostExactInteger;
  }
  if (value.is_object() && value.contains("__proto__")) {
    return false;
  }
  return !value.is_structured() ||
         std::all_of(value.begin(), value.end(),
                     [depth](const Json& each) { return SurvivesJavaScript(each, depth + 1); });
}

// The name of a group or a check, which must not have "::" in it.
std::string Name(absl::string_view text) {
  std::string name;
  for (const char c : JsComment(text)) {
    if (c == ':' && !name.empty() && name.back() == ':') {
      name += ' ';
    }
    name += c;
  }
  // A comment's escapes are text here.
  return absl::StrCat("'", absl::StrReplaceAll(name, {{"'", "\\'"}}), "'");
}

std::string Indented(absl::string_view text, absl::string_view by) {
  return absl::StrReplaceAll(text, {{"\n", absl::StrCat("\n", by)}});
}

class Writer {
 public:
  explicit Writer(const Recording& recording) : recording_(recording) {}

  std::string Write(absl::string_view command) {
    Top(command);
    absl::StrAppend(&out_, kScriptHead, "\n");
    Variables();
    std::string options = kScriptOptions;
    if (recording_.insecure) {
      options = absl::StrReplaceAll(
          options, {{"  thresholds", "  insecureSkipTLSVerify: true,\n  thresholds"}});
    }
    absl::StrAppend(&out_, options, "\nexport default function () {\n  let res;\n");
    for (size_t i = 0; i < recording_.groups.size(); ++i) {
      if (i > 0) {
        absl::StrAppend(&out_, "  sleep(1);\n");
      }
      Group(recording_.groups[i]);
    }
    absl::StrAppend(&out_, "}\n");
    return std::move(out_);
  }

 private:
  void Top(absl::string_view command) {
    absl::StrAppend(&out_, "// Made by `", JsComment(command), "` of ",
                    JsComment(recording_.origin),
                    ".\n// Run it: lockstep run THIS_FILE; more of it: lockstep help run\n");
    if (!recording_.left_out.empty()) {
      absl::StrAppend(&out_, "//\n// Not converted:\n");
      constexpr size_t kMostLines = 200;
      const size_t all = recording_.left_out.size();
      for (size_t i = 0; i < std::min(all, kMostLines); ++i) {
        absl::StrAppend(&out_, "// - ", JsComment(recording_.left_out[i]), "\n");
      }
      if (all > kMostLines) {
        absl::StrAppend(&out_, "// - and ", all - kMostLines, " more\n");
      }
    }
  }

  void Variables() {
    std::string vars;
    for (const auto& [name, value] : recording_.variables) {
      const std::string env = Environment(name);
      if (name == kBaseUrl) {
        absl::StrAppend(&out_, "const ", kBaseUrl, " = ", env, " || ", JsString(value), ";\n");
      } else {
        absl::StrAppend(&vars, "  ", Key(name), ": ", env, " || ", JsString(value), ",\n");
      }
    }
    if (!vars.empty() || !recording_.derived.empty()) {
      absl::StrAppend(&out_, "// Of the environment: lockstep run -e NAME=value\nconst vars = {\n",
                      vars, "};\n");
    }
    for (const auto& [name, value] : recording_.derived) {
      absl::StrAppend(&out_, name == kBaseUrl ? "const " : "", Variable(name), " = ",
                      Environment(name), " || ", Literal(value), ";\n");
    }
  }

  void Group(const RecordedGroup& group) {
    absl::StrAppend(&out_, "\n  group(", Name(group.name.empty() ? "requests" : group.name),
                    ", () => {\n");
    for (const RecordedRequest& request : group.requests) {
      Request(request);
    }
    absl::StrAppend(&out_, "  });\n");
  }

  void Request(const RecordedRequest& request) {
    const std::string title = request.name.empty()
                                  ? absl::StrCat(request.method, " ", Joined(request.url))
                                  : request.name;
    absl::StrAppend(&out_, "    // ", JsComment(title), "\n");
    for (const std::string& hint : request.hints) {
      absl::StrAppend(&out_, "    // ", JsComment(hint), "\n");
    }
    const std::string body = Body(request);
    const std::string params = Params(request);
    const std::string last = params.empty() ? "" : absl::StrCat(", ", params);
    const std::string url = Literal(request.url);
    if (request.method == "GET" && body == "null") {
      absl::StrAppend(&out_, "    res = http.get(", url, last, ");\n");
    } else if (request.method == "POST") {
      absl::StrAppend(&out_, "    res = http.post(", url, ", ", body, last, ");\n");
    } else {
      absl::StrAppend(&out_, "    res = http.request(", JsString(request.method), ", ", url, ", ",
                      body, last, ");\n");
    }
    Check(request, title);
  }

  void Check(const RecordedRequest& request, const std::string& title) {
    std::string name = "status is below 400", test = "r.status > 0 && r.status < 400";
    if (!request.statuses.empty()) {
      name = absl::StrCat("status is ", absl::StrJoin(request.statuses, " or "));
      test = request.statuses.size() == 1
                 ? absl::StrCat("r.status === ", request.statuses[0])
                 : absl::StrCat("[", absl::StrJoin(request.statuses, ", "), "].includes(r.status)");
    }
    absl::StrAppend(&out_, "    check(res, { ", Name(absl::StrCat(title, ": ", name)), ": (r) => ",
                    test, " });\n");
  }

  static std::string Body(const RecordedRequest& request) {
    const RecordedBody& body = request.body;
    switch (body.kind) {
      case RecordedBody::Kind::kNone:
        return "null";
      case RecordedBody::Kind::kText: {
        const std::string text = Joined(body.text);
        if (text.empty()) {
          return "null";  // '' would be sent as a body of no chunks, not of no bytes
        }
        if (!HasVariables(body.text) &&
            (absl::StartsWith(text, "{") || absl::StartsWith(text, "["))) {
          if (const absl::StatusOr<Json> json = ParseJsonDocument(text);
              json.ok() && SurvivesJavaScript(*json)) {
            return absl::StrCat("JSON.stringify(", Indented(JsonText(*json, 2), "    "), ")");
          }
        }
        return Literal(body.text);
      }
      case RecordedBody::Kind::kForm:
      case RecordedBody::Kind::kMultipart:
        return Fields(body);
    }
    return "null";
  }

  // Fields of one name are a list: an object has each name once.
  static std::string Fields(const RecordedBody& body) {
    std::vector<std::pair<std::string, std::vector<std::string>>> values;
    for (const RecordedBody::Field& field : body.fields) {
      const std::string name = HasVariables(field.name)
                                   ? absl::StrCat("[", Literal(field.name), "]")
                                   : Key(Joined(field.name));
      const auto same = std::find_if(values.begin(), values.end(),
                                     [&name](const auto& each) { return each.first == name; });
      auto& [key, list] = same == values.end() ? values.emplace_back() : *same;
      key = name;
      list.push_back(Value(field));
    }
    std::string out = "{\n";
    for (const auto& [name, list] : values) {
      const std::string all = absl::StrJoin(list, ", ");
      absl::StrAppend(&out, "      ", name, ": ",
                      list.size() == 1 ? all : absl::StrCat("[", all, "]"), ",\n");
    }
    return absl::StrCat(out, "    }");
  }

  static std::string Value(const RecordedBody::Field& field) {
    if (field.file.empty()) {
      return Literal(field.value);
    }
    return absl::StrCat("http.file(", Literal(field.value), ", ", JsString(field.file),
                        field.type.empty() ? "" : absl::StrCat(", ", JsString(field.type)), ")");
  }

  // Headers of one name are one: an object has each name once, and to servers it is the same (RFC
  // 9110, 5.2).
  static std::string Headers(const RecordedRequest& request) {
    std::vector<std::pair<std::string, Template>> headers;
    for (const auto& header : request.headers) {
      const std::string& name = header.first;
      const Template& value = header.second;
      const auto same = std::find_if(headers.begin(), headers.end(), [&name](const auto& each) {
        return absl::EqualsIgnoreCase(each.first, name);
      });
      if (same == headers.end()) {
        headers.emplace_back(name, value);
        continue;
      }
      same->second.push_back(
          {.variable = false, .text = absl::EqualsIgnoreCase(name, "cookie") ? "; " : ", "});
      same->second.insert(same->second.end(), value.begin(), value.end());
    }
    std::string out;
    for (const auto& [name, value] : headers) {
      absl::StrAppend(&out, "        ", Key(name), ": ", Literal(value), ",\n");
    }
    return out;
  }

  static std::string Params(const RecordedRequest& request) {
    std::string out;
    if (!request.headers.empty()) {
      absl::StrAppend(&out, "      headers: {\n", Headers(request), "      },\n");
    }
    if (request.redirects.has_value()) {
      absl::StrAppend(&out, "      redirects: ", *request.redirects, ",\n");
    }
    if (request.timeout.has_value()) {
      absl::StrAppend(&out, "      timeout: ", JsString(*request.timeout), ",\n");
    }
    std::vector<int> failures = request.statuses;
    std::erase_if(failures, [](int status) { return status < 400; });
    if (!failures.empty()) {  // they are no failures here
      absl::StrAppend(&out, "      responseCallback: http.expectedStatuses(",
                      absl::StrJoin(request.statuses, ", "), "),\n");
    }
    return out.empty() ? out : absl::StrCat("{\n", out, "    }");
  }

  const Recording& recording_;
  std::string out_;
};

}  // namespace

std::string JsString(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(Escaped(text), {{"'", "\\'"}}), "'");
}

std::string JsComment(absl::string_view text) {
  constexpr size_t kLongest = 160;
  // What JSON escapes cannot end a line; what ends one in JavaScript alone is escaped, too.
  std::string line = absl::StrReplaceAll(
      Escaped(text), {{"\\n", " "}, {"\\r", " "}, {"\\t", " "}, {"\u2028", " "}, {"\u2029", " "}});
  if (line.size() > kLongest) {
    size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) {
      --end;
    }
    line = absl::StrCat(line.substr(0, end), "...");
  }
  return line;
}

std::string WriteScript(const Recording& recording, absl::string_view command) {
  return Writer(recording).Write(command);
}

}  // namespace lockstep::coordinator
