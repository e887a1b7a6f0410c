#include "coordinator/convert/openapi.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/percent_encoding.h"
#include "common/base/status_macros.h"
#include "common/options/document.h"
#include "coordinator/convert/forms.h"
#include "coordinator/convert/schema_sample.h"

namespace lockstep::coordinator {
namespace {

constexpr const char* kMethods[] = {"get", "post", "put", "patch", "delete", "head", "options"};

// The sample of a parameter, as a URL has it.
std::string UrlText(const Json& sample) {
  if (sample.is_array()) {
    return sample.empty() ? "" : UrlText(sample.front());
  }
  return PercentEncoded(TextOf(sample));
}

class OpenApiReader {
 public:
  OpenApiReader(const Json& document, bool swagger)
      : document_(document), swagger_(swagger), sampler_(document) {}

  absl::StatusOr<Recording> Read() {
    const std::string title = TextOf(FieldOf(document_, "info"), "title");
    recording_.origin =
        absl::StrCat(title, title.empty() ? "" : ", ", swagger_ ? "Swagger " : "OpenAPI ",
                     TextOf(document_, swagger_ ? "swagger" : "openapi"));
    recording_.variables.emplace_back(kBaseUrl, swagger_ ? BaseOfSwagger() : BaseOfServers());
    for (const auto& [path, item] : FieldOf(document_, "paths").items()) {
      const Json& resolved = sampler_.Resolve(item);
      if (!resolved.is_object()) {
        LeaveOut(path, "it is no object with operations");
      }
      Path(path, resolved);
    }
    for (const std::string& reference : sampler_.unresolved()) {
      LeaveOut(absl::StrCat("$ref ", reference), "it leads to nothing in this file");
    }
    std::erase_if(recording_.groups,
                  [](const RecordedGroup& group) { return group.requests.empty(); });
    if (recording_.groups.empty()) {
      return absl::InvalidArgumentError("paths: there is no operation to convert in it");
    }
    return std::move(recording_);
  }

 private:
  void LeaveOut(absl::string_view place, absl::string_view what) {
    recording_.left_out.push_back(absl::StrCat(place, ": ", what));
  }

  std::string BaseOfSwagger() {
    const std::string host = TextOf(document_, "host");
    const Json& schemes = ListOf(document_, "schemes");
    const std::string path = TextOf(document_, "basePath");
    return absl::StrCat(schemes.empty() ? "https" : TextOf(schemes.front()), "://",
                        host.empty() ? "localhost" : host, WithoutSlash(path));
  }
  static absl::string_view WithoutSlash(absl::string_view text) {
    absl::ConsumeSuffix(&text, "/");
    return text;
  }

  std::string BaseOfServers() {
    const Json& servers = ListOf(document_, "servers");
    if (servers.empty()) {
      LeaveOut("servers", "there is none: give BASE_URL");
      return "http://localhost";
    }
    std::string url = TextOf(servers.front(), "url");
    if (const Json& variables = FieldOf(servers.front(), "variables"); variables.is_object()) {
      for (const auto& [name, variable] : variables.items()) {
        const std::string marker = absl::StrCat("{", name, "}");
        if (const size_t at = url.find(marker); at != std::string::npos) {
          url.replace(at, marker.size(), TextOf(variable, "default"));
        }
      }
    }
    if (!IsHttpUrl(url)) {
      LeaveOut("servers[0].url", absl::StrCat("\"", url, "\" names no host: give BASE_URL"));
      url = absl::StrCat("http://localhost", absl::StartsWith(url, "/") ? "" : "/", url);
    }
    return std::string(WithoutSlash(url));
  }

  void Path(const std::string& path, const Json& item) {
    for (const char* method : kMethods) {
      const Json& operation = FieldOf(item, method);
      if (!operation.is_object()) {
        continue;
      }
      const std::string place = absl::StrCat(absl::AsciiStrToUpper(method), " ", path);
      if (++count_ > kMaxRequests) {
        LeaveOut(place, absl::StrCat("it is beyond the first ", kMaxRequests, " operations"));
        return;
      }
      Operation(place, path, item, operation);
    }
  }

  void Operation(const std::string& place, const std::string& path, const Json& item,
                 const Json& operation) {
    RecordedRequest request;
    request.method = place.substr(0, place.find(' '));
    request.name = place;
    if (const std::string summary = TextOf(operation, "summary"); !summary.empty()) {
      request.hints.push_back(summary);
    }
    if (TextOf(operation, "deprecated") == "true") {
      request.hints.push_back("deprecated");
    }
    // By place and name: the operation's win over those of its path.
    std::map<std::pair<std::string, std::string>, const Json*> parameters;
    for (const Json* owner : {&operation, &item}) {
      for (const Json& parameter : ListOf(*owner, "parameters")) {
        const Json& resolved = sampler_.Resolve(parameter);
        parameters.try_emplace({TextOf(resolved, "in"), TextOf(resolved, "name")}, &resolved);
      }
    }
    std::string url = path;
    std::string query;
    std::vector<RecordedBody::Field> form;
    for (const auto& [key, parameter] : parameters) {
      Parameter(place, key.first, key.second, *parameter, {&url, &query, &form, &request});
    }
    Authorize(place, operation, &query, &request);
    request.url = {
        {.variable = true, .text = kBaseUrl},
        {.variable = false, .text = query.empty() ? url : absl::StrCat(url, "?", query)}};
    if (!form.empty()) {
      SetForm(std::move(form), &request);
    }
    Body(place, sampler_.Resolve(FieldOf(operation, "requestBody")), &request);
    Statuses(FieldOf(operation, "responses"), &request);
    GroupOf(operation, path).requests.push_back(std::move(request));
  }

  struct Parts {
    std::string* url;
    std::string* query;
    std::vector<RecordedBody::Field>* form;
    RecordedRequest* request;
  };
  void Parameter(const std::string& place, const std::string& in, const std::string& name,
                 const Json& parameter, Parts parts) {
    const bool given =
        TextOf(parameter, "required") == "true" || !FieldOf(parameter, "example").is_null();
    if (in != "path" && in != "body" && !given) {
      return;  // what may be left out, is
    }
    const Json sample = sampler_.SampleOf(parameter);
    const std::string text = sample.is_array() ? UrlText(sample) : TextOf(sample);
    if (in == "body") {  // of Swagger 2
      SetJson(place, sample, "application/json", parts.request);
    } else if (!Fits(place, text.size())) {
      return;
    } else if (in == "path") {
      const std::string marker = absl::StrCat("{", name, "}");
      if (const size_t at = parts.url->find(marker); at != std::string::npos) {
        parts.url->replace(at, marker.size(), UrlText(sample));
      }
    } else if (in == "query") {
      absl::StrAppend(parts.query, parts.query->empty() ? "" : "&", UrlText(Json(name)), "=",
                      UrlText(sample));
    } else if (in == "header" && !IsTheClients(name)) {
      parts.request->headers.emplace_back(name, Plain(text));
    } else if (in == "formData" && TextOf(parameter, "type") != "file") {
      parts.form->push_back({Plain(name), Plain(text)});
    } else {
      LeaveOut(place, absl::StrCat("the parameter ", name, " (", in, ")"));
    }
  }

  // One example can be referred to by all operations: they must not be more text together than files may have.
  bool Fits(const std::string& place, size_t bytes) {
    if (bytes > kMaxRecordingBytes - bytes_) {
      LeaveOut(place, "a value: all examples together are too large");
      return false;
    }
    bytes_ += bytes;
    return true;
  }

  void SetJson(const std::string& place, const Json& sample, const std::string& type,
               RecordedRequest* request) {
    std::string text = sample.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (!Fits(place, text.size())) {
      return;
    }
    request->body = {RecordedBody::Kind::kText, Plain(text), {}};
    request->headers.emplace_back("Content-Type", Plain(type));
  }

  void Body(const std::string& place, const Json& body, RecordedRequest* request) {
    const Json& content = FieldOf(body, "content");
    if (!content.is_object() || content.empty()) {
      return;
    }
    for (const auto& [type, media] : content.items()) {
      if (absl::StrContains(type, "json")) {
        SetJson(place, sampler_.SampleOf(media), type, request);
        return;
      }
      if (absl::StartsWith(type, "application/x-www-form-urlencoded")) {
        std::vector<RecordedBody::Field> fields;
        const Json sample = sampler_.SampleOf(media);
        if (sample.is_object() &&
            Fits(place, sample.dump(-1, ' ', false, Json::error_handler_t::replace).size())) {
          for (const auto& [name, value] : sample.items()) {
            fields.push_back({Plain(name), Plain(TextOf(value))});
          }
        }
        SetForm(std::move(fields), request);
        return;
      }
      if (absl::StartsWith(type, "text/")) {
        const std::string text = TextOf(sampler_.SampleOf(media));
        if (Fits(place, text.size())) {
          request->body = {RecordedBody::Kind::kText, Plain(text), {}};
          request->headers.emplace_back("Content-Type", Plain(type));
        }
        return;
      }
    }
    LeaveOut(place, absl::StrCat("a body of the type ", content.begin().key()));
  }

  // The first scheme that this operation asks for.
  void Authorize(const std::string& place, const Json& operation, std::string* query,
                 RecordedRequest* request) {
    const Json& own = FieldOf(operation, "security");
    const Json& wanted = own.is_array() ? own : ListOf(document_, "security");
    if (wanted.empty() || !wanted.front().is_object() || wanted.front().empty()) {
      return;
    }
    const std::string name = wanted.front().begin().key();
    const Json& schemes = swagger_ ? FieldOf(document_, "securityDefinitions")
                                   : FieldOf(FieldOf(document_, "components"), "securitySchemes");
    const Json& scheme = sampler_.Resolve(FieldOf(schemes, name.c_str()));
    const std::string type = TextOf(scheme, "type"), in = TextOf(scheme, "in");
    const std::string kind = absl::AsciiStrToLower(TextOf(scheme, "scheme"));
    if (type == "apiKey" && in == "header" && !IsTheClients(TextOf(scheme, "name"))) {
      request->headers.emplace_back(TextOf(scheme, "name"), Secret("API_KEY"));
    } else if (type == "apiKey" && in == "query") {
      LeaveOut(place, absl::StrCat("the key ", TextOf(scheme, "name"),
                                   " in the query, which has a secret"));
      absl::StrAppend(query, query->empty() ? "" : "&", UrlText(Json(TextOf(scheme, "name"))), "=");
    } else if ((type == "http" && kind == "bearer") || type == "oauth2" ||
               type == "openIdConnect") {
      Template value = {{.variable = false, .text = "Bearer "}};
      value.push_back(Secret("TOKEN").front());
      request->headers.emplace_back("Authorization", std::move(value));
      if (type != "http" && !told_of_token_) {
        LeaveOut(name, "how to get a token; give one: -e TOKEN=...");
        told_of_token_ = true;
      }
    } else if (!type.empty()) {
      LeaveOut(place, absl::StrCat("authorisation of the kind ", type, " ", kind));
    }
  }

  Template Secret(const std::string& name) {
    const std::pair<std::string, std::string> variable(name, "");
    if (std::find(recording_.variables.begin(), recording_.variables.end(), variable) ==
        recording_.variables.end()) {
      recording_.variables.push_back(variable);
    }
    return {{.variable = true, .text = name}};
  }

  static void Statuses(const Json& responses, RecordedRequest* request) {
    if (!responses.is_object()) {
      return;
    }
    for (const auto& [status, response] : responses.items()) {
      int number = 0;
      if (absl::SimpleAtoi(status, &number) && number >= 200 && number < 300) {
        request->statuses.push_back(number);
      }
    }
  }

  RecordedGroup& GroupOf(const Json& operation, const std::string& path) {
    const Json& tags = ListOf(operation, "tags");
    std::string name = tags.empty() ? "" : TextOf(tags.front());
    if (name.empty()) {
      name = path.substr(0, path.find('/', 1));
    }
    const auto found =
        std::find_if(recording_.groups.begin(), recording_.groups.end(),
                     [&name](const RecordedGroup& group) { return group.name == name; });
    if (found != recording_.groups.end()) {
      return *found;
    }
    recording_.groups.push_back({name, {}});
    return recording_.groups.back();
  }

  const Json& document_;
  const bool swagger_;
  SchemaSampler sampler_;
  Recording recording_;
  size_t count_ = 0;
  size_t bytes_ = 0;  // of samples so far
  bool told_of_token_ = false;
};

}  // namespace

absl::StatusOr<Recording> ReadOpenApi(absl::string_view text) {
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  const absl::string_view start = absl::StripLeadingAsciiWhitespace(text);
  LOCKSTEP_ASSIGN_OR_RETURN(const Json document, absl::StartsWith(start, "{")
                                                     ? ParseJsonDocument(text)
                                                     : ParseYamlDocument(text));
  const std::string three = TextOf(document, "openapi"), two = TextOf(document, "swagger");
  if (!absl::StartsWith(three, "3") && !absl::StartsWith(two, "2")) {
    return absl::InvalidArgumentError(
        "it is no description of an API: there is no `openapi: 3.x` and no `swagger: '2.0'`");
  }
  if (!FieldOf(document, "paths").is_object()) {
    return absl::InvalidArgumentError("paths: there is no such object in it");
  }
  return OpenApiReader(document, three.empty()).Read();
}

}  // namespace lockstep::coordinator
