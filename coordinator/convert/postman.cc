#include "coordinator/convert/postman.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/http_token.h"
#include "common/base/percent_encoding.h"
#include "common/base/status_macros.h"
#include "common/options/document.h"
#include "coordinator/convert/forms.h"
#include "coordinator/convert/json_fields.h"
#include "coordinator/convert/postman_variables.h"

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
    variables_.Define(ListOf(collection, "variable"));
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

  Template Text(const std::string& text, absl::string_view place) {
    return variables_.Text(text, place);
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
      if (TextOf(header, "disabled") != "true") {
        Header(TextOf(header, "key"), TextOf(header, "value"), name, &request);
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

  // People wrote it, so that it is sent, or told.
  void Header(const std::string& key, const std::string& value, const std::string& name,
              RecordedRequest* request) {
    if (IsToken(key) && !IsOfTheConnection(key)) {
      request->headers.emplace_back(key, Text(value, name));
    } else if (!key.empty() && !absl::EqualsIgnoreCase(value, "keep-alive")) {
      LeaveOut(name, absl::StrCat("the header ", key,
                                  IsToken(key) ? ", which is the client's to send"
                                               : ", whose name is none of a header"));
    }
  }

  // ":id" in the path is the URL's variable of this name.
  Template Url(std::string url, const Json& variables, const std::string& name) {
    if (variables.is_array()) {
      for (const Json& variable : variables) {
        const std::string marker = absl::StrCat("/:", TextOf(variable, "key"));
        size_t at = url.find(marker);
        while (at != std::string::npos && at + marker.size() < url.size() &&
               !absl::StrContains("/?#", url.substr(at + marker.size(), 1))) {
          at = url.find(marker, at + 1);  // it is of a longer name
        }
        if (marker.size() > 2 && at != std::string::npos) {
          url.replace(at + 1, marker.size() - 1, TextOf(variable, "value"));
        }
      }
    }
    Template text = Text(url, name);
    const std::string start = variables_.StartOf(text);
    if (start.empty() && text.front().variable) {
      LeaveOut(name,
               absl::StrCat("the value of {{", text.front().text,
                            "}}, which is not in the collection; give it with its scheme: -e ",
                            text.front().text, "=http://..."));
    } else if (!absl::StrContains(start, "://")) {
      text.insert(text.begin(), {.variable = false, .text = "http://"});  // as Postman does
      if (text.size() > 1 && !text[1].variable) {
        text[1].text.insert(0, text[0].text);
        text.erase(text.begin());
      }
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
    } else if (kind == "apikey" && AuthField(auth, kind, "in") == "query") {
      AddToQuery(PercentEncoded(AuthField(auth, kind, "key")),
                 Text(AuthField(auth, kind, "value"), name), &request->url);
    } else if (kind == "apikey") {
      Header(AuthField(auth, kind, "key"), AuthField(auth, kind, "value"), name, request);
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
        made.value = Plain(kFileContent);
        LeaveOut(name, FileLeftOut(made.file));
      }
      made.type = TextOf(field, "contentType");
    }
    return fields;
  }

  void Body(const Json& body, const std::string& name, RecordedRequest* request) {
    const std::string mode = TextOf(body, "mode");
    if (mode == "raw") {
      request->body = {RecordedBody::Kind::kText, Text(TextOf(body, "raw"), name), {}};
      const std::string language = TextOf(FieldOf(FieldOf(body, "options"), "raw"), "language");
      constexpr std::pair<absl::string_view, absl::string_view> kTypes[] = {
          {"json", "application/json"},
          {"xml", "application/xml"},
          {"html", "text/html"},
          {"text", "text/plain"},
          {"javascript", "application/javascript"}};
      for (const auto& [known, type] : kTypes) {
        if (language == known) {
          SetDefaultHeader("Content-Type", type, request);
        }
      }
    } else if (mode == "urlencoded") {
      SetForm(Fields(ListOf(body, "urlencoded"), name), request);
    } else if (mode == "formdata") {
      for (const std::string& differs :
           SetMultipart(Fields(ListOf(body, "formdata"), name), request)) {
        LeaveOut(name, differs);
      }
    } else if (mode == "graphql") {
      GraphQl(FieldOf(body, "graphql"), name, request);
    } else if (mode == "file") {
      const std::string file = TextOf(FieldOf(body, "file"), "src");
      request->body = {RecordedBody::Kind::kText, Plain(kFileContent), {}};
      LeaveOut(name, FileLeftOut(file.empty() ? "a file" : file));
    } else if (!mode.empty() && mode != "none") {
      LeaveOut(name, absl::StrCat("a body of the kind ", mode));
    }
  }

  // The variables are a JSON text, with Postman's variables in it.
  void GraphQl(const Json& graphql, const std::string& name, RecordedRequest* request) {
    const Json& given = FieldOf(graphql, "variables");
    std::string variables = given.is_string() ? TextOf(given)
                            : given.is_null() ? ""
                                              : JsonText(given);
    if (absl::StripAsciiWhitespace(variables).empty()) {
      variables = "{}";
    } else if (const absl::StatusOr<Json> json = ParseJsonDocument(variables); json.ok()) {
      variables = JsonText(*json);
    } else if (!absl::StrContains(variables, "{{")) {
      LeaveOut(name, "the variables of GraphQL, which are not JSON; they are sent as they are");
    }
    std::string text = absl::StrCat("{\"query\":", JsonText(Json(TextOf(graphql, "query"))));
    if (const std::string operation = TextOf(graphql, "operationName"); !operation.empty()) {
      absl::StrAppend(&text, ",\"operationName\":", JsonText(Json(operation)));
    }
    absl::StrAppend(&text, ",\"variables\":", variables, "}");
    request->body = {RecordedBody::Kind::kText, Text(text, name), {}};
    SetDefaultHeader("Content-Type", "application/json", request);
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
  PostmanVariables variables_{&recording_};
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
        "not a Postman collection: the object `info` or the list `item` is missing");
  }
  return PostmanReader().Read(collection);
}

}  // namespace lockstep::coordinator
