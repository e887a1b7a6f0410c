#include "coordinator/convert/postman.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/status_macros.h"
#include "common/options/document.h"
#include "coordinator/convert/forms.h"
#include "coordinator/convert/json_fields.h"

namespace lockstep::coordinator {
namespace {

// The number that `text` has between `before` and ")"; 0: none.
int NumberIn(absl::string_view text, absl::string_view before) {
  const size_t at = text.find(before);
  int number = 0;
  if (at == absl::string_view::npos) {
    return 0;
  }
  const absl::string_view rest = text.substr(at + before.size());
  return absl::SimpleAtoi(rest.substr(0, rest.find(')')), &number) && number > 0 && number < 1000
             ? number
             : 0;
}

class PostmanReader {
 public:
  absl::StatusOr<Recording> Read(const Json& collection) {
    const Json& info = FieldOf(collection, "info");
    recording_.origin = absl::StrCat("the Postman collection ", TextOf(info, "name"));
    for (const Json& variable : ListOf(collection, "variable")) {
      const std::string key = TextOf(variable, TextOf(variable, "key").empty() ? "id" : "key");
      if (!key.empty()) {
        Variable(key, TextOf(variable, "value"));
      }
    }
    Scripts(collection, "the collection", nullptr);
    Items(ListOf(collection, "item"), "", FieldOf(collection, "auth"), 0);
    if (CountRequests(recording_) == 0) {
      return absl::InvalidArgumentError("item: there is no request to convert in it");
    }
    std::erase_if(recording_.groups,
                  [](const RecordedGroup& group) { return group.requests.empty(); });
    UseBaseUrl(&recording_);
    return std::move(recording_);
  }

 private:
  void LeaveOut(absl::string_view place, absl::string_view what) {
    recording_.left_out.push_back(absl::StrCat(place, ": ", what));
  }

  void Variable(const std::string& name, const std::string& value) {
    if (variables_.insert(name).second) {
      recording_.variables.emplace_back(name, value);
    }
  }

  // "{{name}}" in a text.
  Template Text(const std::string& text, absl::string_view place) {
    Template out;
    size_t at = 0;
    for (;;) {
      const size_t open = text.find("{{", at);
      const size_t close = open == std::string::npos ? open : text.find("}}", open);
      if (close == std::string::npos) {
        break;
      }
      if (open > at) {
        out.push_back({.variable = false, .text = text.substr(at, open - at)});
      }
      std::string name = text.substr(open + 2, close - open - 2);
      if (absl::StartsWith(name, "$")) {
        LeaveOut(place, absl::StrCat("{{", name,
                                     "}}: Postman makes a value each time; here it is a variable"));
        name.erase(0, 1);
      }
      Variable(name, "");
      out.push_back({.variable = true, .text = std::move(name)});
      at = close + 2;
    }
    if (at < text.size() || out.empty()) {
      out.push_back({.variable = false, .text = text.substr(at)});
    }
    return out;
  }

  // NOLINTNEXTLINE(misc-no-recursion): folders are in folders, and the depth is bounded
  void Items(const Json& items, const std::string& folder, const Json& auth, int depth) {
    constexpr int kDeepest = 20;
    if (depth > kDeepest) {
      LeaveOut(folder, "folders in folders, deeper than 20");
      return;
    }
    for (const Json& item : items) {
      const std::string name = TextOf(item, "name");
      if (FieldOf(item, "item").is_array()) {
        Scripts(item, absl::StrCat("folder ", name), nullptr);
        Items(FieldOf(item, "item"), folder.empty() ? name : absl::StrCat(folder, " / ", name),
              FieldOf(item, "auth").is_object() ? FieldOf(item, "auth") : auth, depth + 1);
      } else if (CountRequests(recording_) == kMaxRequests) {
        LeaveOut(name, absl::StrCat("it is beyond the first ", kMaxRequests, " requests"));
        return;
      } else {
        Request(item, name, folder, auth);
      }
    }
  }

  void Request(const Json& item, const std::string& name, const std::string& folder,
               const Json& auth) {
    const Json& described = FieldOf(item, "request");
    const Json& given = described.is_string() ? described : FieldOf(described, "url");
    const std::string url = given.is_string() ? TextOf(given) : TextOf(given, "raw");
    if (url.empty()) {
      LeaveOut(name, "it has no URL");
      return;
    }
    RecordedRequest request;
    request.method = TextOf(described, "method");
    if (request.method.empty()) {
      request.method = "GET";
    }
    request.name = name;
    request.url = Url(url, FieldOf(given, "variable"), name);
    for (const Json& header : ListOf(described, "header")) {
      const std::string key = TextOf(header, "key");
      if (TextOf(header, "disabled") != "true" && !IsTheClients(key)) {
        request.headers.emplace_back(key, Text(TextOf(header, "value"), name));
      }
    }
    Authorize(FieldOf(described, "auth").is_object() ? FieldOf(described, "auth") : auth, name,
              &request);
    Body(FieldOf(described, "body"), name, &request);
    Scripts(item, name, &request);
    if (recording_.groups.empty() || recording_.groups.back().name != folder) {
      recording_.groups.push_back({folder, {}});
    }
    recording_.groups.back().requests.push_back(std::move(request));
  }

  // ":id" in the path is the URL's variable of this name.
  Template Url(std::string url, const Json& variables, const std::string& name) {
    if (variables.is_array()) {
      for (const Json& variable : variables) {
        const std::string marker = absl::StrCat("/:", TextOf(variable, "key"));
        const size_t at = url.find(marker);
        if (marker.size() > 2 && at != std::string::npos) {
          url.replace(at + 1, marker.size() - 1, TextOf(variable, "value"));
        }
      }
    }
    Template text = Text(url, name);
    if (!text.front().variable && !absl::StrContains(text.front().text, "://")) {
      text.front().text = absl::StrCat("http://", text.front().text);
    }
    return text;
  }

  // The value of `key` in the list of a kind of authorisation.
  static std::string AuthField(const Json& auth, const std::string& kind, absl::string_view key) {
    const Json& fields = FieldOf(auth, kind.c_str());
    if (fields.is_object()) {  // of 2.0
      return TextOf(fields, std::string(key).c_str());
    }
    for (const Json& field : fields) {
      if (TextOf(field, "key") == key) {
        return TextOf(field, "value");
      }
    }
    return "";
  }

  void Authorize(const Json& auth, const std::string& name, RecordedRequest* request) {
    const std::string kind = TextOf(auth, "type");
    if (kind == "bearer") {
      request->headers.emplace_back(
          "Authorization", Text(absl::StrCat("Bearer ", AuthField(auth, kind, "token")), name));
    } else if (kind == "basic") {
      const std::string pair =
          absl::StrCat(AuthField(auth, kind, "username"), ":", AuthField(auth, kind, "password"));
      if (absl::StrContains(pair, "{{")) {
        LeaveOut(name, "basic authorisation with variables: encode them with k6/encoding");
      } else {
        request->headers.emplace_back("Authorization",
                                      Plain(absl::StrCat("Basic ", absl::Base64Escape(pair))));
      }
    } else if (kind == "apikey" && AuthField(auth, kind, "in") != "query") {
      request->headers.emplace_back(AuthField(auth, kind, "key"),
                                    Text(AuthField(auth, kind, "value"), name));
      if (IsTheClients(request->headers.back().first)) {
        request->headers.pop_back();
      }
    } else if (!kind.empty() && kind != "noauth") {
      LeaveOut(name, absl::StrCat("authorisation of the kind ", kind));
    }
  }

  std::vector<RecordedBody::Field> Fields(const Json& list, const std::string& name) {
    std::vector<RecordedBody::Field> fields;
    for (const Json& field : list) {
      if (TextOf(field, "disabled") == "true") {
        continue;
      }
      RecordedBody::Field& made = fields.emplace_back();
      made.name = Text(TextOf(field, "key"), name);
      made.value = Text(TextOf(field, "value"), name);
      if (TextOf(field, "type") == "file") {
        made.file = TextOf(field, "src");
        if (made.file.empty()) {
          made.file = "file.bin";
        }
        made.value = Plain("content of the file");
        LeaveOut(name,
                 absl::StrCat("the content of ", made.file, ": read it with open() and put it in"));
      }
    }
    return fields;
  }

  void Body(const Json& body, const std::string& name, RecordedRequest* request) {
    const std::string mode = TextOf(body, "mode");
    if (mode == "raw") {
      request->body = {RecordedBody::Kind::kText, Text(TextOf(body, "raw"), name), {}};
      const std::string language = TextOf(FieldOf(FieldOf(body, "options"), "raw"), "language");
      if (language == "json") {
        Typed("application/json", request);
      }
    } else if (mode == "urlencoded") {
      SetForm(Fields(ListOf(body, "urlencoded"), name), request);
    } else if (mode == "formdata") {
      request->body = {RecordedBody::Kind::kMultipart, {}, Fields(ListOf(body, "formdata"), name)};
      const auto& fields = request->body.fields;
      if (std::none_of(fields.begin(), fields.end(),
                       [](const auto& field) { return !field.file.empty(); })) {
        SetForm(std::move(request->body.fields), request);
        LeaveOut(name, "a multipart form without files, which is sent as an URL-encoded one");
      }
    } else if (mode == "graphql") {
      const Json query = {{"query", TextOf(FieldOf(body, "graphql"), "query")},
                          {"variables", TextOf(FieldOf(body, "graphql"), "variables")}};
      request->body = {RecordedBody::Kind::kText,
                       Text(query.dump(-1, ' ', false, Json::error_handler_t::replace), name),
                       {}};
      Typed("application/json", request);
    } else if (!mode.empty() && mode != "none") {
      LeaveOut(name, absl::StrCat("a body of the kind ", mode));
    }
  }

  static void Typed(const char* type, RecordedRequest* request) {
    const bool typed = std::any_of(
        request->headers.begin(), request->headers.end(),
        [](const auto& header) { return absl::EqualsIgnoreCase(header.first, "content-type"); });
    if (!typed) {
      request->headers.emplace_back("Content-Type", Plain(type));
    }
  }

  // What tests say of the status is taken over; scripts themselves are not.
  void Scripts(const Json& item, absl::string_view place, RecordedRequest* request) {
    for (const Json& event : ListOf(item, "event")) {
      std::string text;
      for (const Json& line : ListOf(FieldOf(event, "script"), "exec")) {
        absl::StrAppend(&text, TextOf(line), "\n");
      }
      if (absl::StripAsciiWhitespace(text).empty()) {
        continue;
      }
      for (absl::string_view before :
           {"to.have.status(", "response.code).to.eql(", "response.code).to.equal("}) {
        if (const int status = NumberIn(text, before); request != nullptr && status > 0) {
          request->statuses = {status};
        }
      }
      LeaveOut(place,
               absl::StrCat(
                   "its script of the kind ", TextOf(event, "listen"),
                   request != nullptr && !request->statuses.empty() ? ", but for the status" : ""));
    }
  }

  Recording recording_;
  std::set<std::string> variables_;
};

}  // namespace

absl::StatusOr<Recording> ReadPostman(absl::string_view text) {
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  LOCKSTEP_ASSIGN_OR_RETURN(const Json document, ParseJsonDocument(text));
  const Json& inner = FieldOf(document, "collection");  // as Postman's own service wraps it
  const Json& collection = inner.is_object() ? inner : document;
  if (FieldOf(collection, "requests").is_array()) {
    return absl::InvalidArgumentError(
        "it is a Postman collection of version 1; export it as version 2.1");
  }
  if (!FieldOf(collection, "info").is_object() || !FieldOf(collection, "item").is_array()) {
    return absl::InvalidArgumentError(
        "it is no Postman collection: there is no object `info` or no list `item`");
  }
  return PostmanReader().Read(collection);
}

}  // namespace lockstep::coordinator
