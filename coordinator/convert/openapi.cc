#include "coordinator/convert/openapi.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/http_token.h"
#include "common/base/status_macros.h"
#include "common/options/document.h"
#include "coordinator/convert/openapi_bodies.h"
#include "coordinator/convert/openapi_parameter.h"
#include "coordinator/convert/openapi_security.h"
#include "coordinator/convert/schema_sample.h"

namespace lockstep::coordinator {
namespace {

constexpr const char* kMethods[] = {"get",    "post", "put",     "patch",
                                    "delete", "head", "options", "trace"};

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
        LeaveOut(path, "it is not an object with operations");
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
    } else if (absl::StrContains(url, "{")) {
      LeaveOut("servers[0].url",
               absl::StrCat("\"", url, "\" has a variable that is not described: give BASE_URL"));
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
    Parts parts{.request = &request, .operation = &operation};
    for (const auto& [key, parameter] : parameters) {
      Parameter(place, key.first, key.second, *parameter, &parts);
    }
    Url(place, path, parts, &request.url);
    security_.Authorize(place, operation, &request);
    bodies_.SwaggerForm(place, operation, std::move(parts.form), &request);
    bodies_.Body(place, operation, &request);
    if (sampler_.TakeIsCut()) {
      LeaveOut(place, "all of a value that is made of very many others, or of others too deep");
    }
    if (!ListOf(operation, "servers").empty() || !ListOf(item, "servers").empty()) {
      LeaveOut(place, "its own servers; BASE_URL is asked");
    }
    Statuses(FieldOf(operation, "responses"), &request);
    GroupOf(operation, path).requests.push_back(std::move(request));
  }

  struct Parts {
    std::map<std::string, std::string> path = {};
    std::string query = {};
    std::vector<RecordedBody::Field> form = {};
    RecordedRequest* request;
    const Json* operation;
  };
  void Parameter(const std::string& place, const std::string& in, const std::string& name,
                 const Json& parameter, Parts* parts) {
    const bool given =
        TextOf(parameter, "required") == "true" || !FieldOf(parameter, "example").is_null();
    // Of OpenAPI 3, other parts of the description say these.
    const bool ignored =
        in == "header" && !swagger_ && IsOneOf(name, {"accept", "content-type", "authorization"});
    if (ignored || (in != "path" && in != "body" && in != "formData" && !given)) {
      return;  // what may be left out, is; forms and bodies are whole
    }
    const Json sample = SampleOfParameter(parameter);
    if (in == "body") {  // of Swagger 2
      bodies_.SwaggerBody(place, *parts->operation, sample, parts->request);
    } else if (!bodies_.Fits(place, sample)) {
      return;
    } else if (in == "path") {
      parts->path[name] = PathText(parameter, sample);
    } else if (in == "query") {
      const std::string text = QueryText(parameter, sample);
      absl::StrAppend(&parts->query, parts->query.empty() || text.empty() ? "" : "&", text);
    } else if (in == "header" && IsToken(name) && !IsOfTheConnection(name)) {
      parts->request->headers.emplace_back(name, Plain(HeaderText(parameter, sample)));
    } else if (in == "cookie") {
      parts->request->headers.emplace_back("Cookie", Plain(CookieText(parameter, sample)));
    } else if (in == "formData" && TextOf(parameter, "type") == "file") {
      bodies_.AddFile(place, name, "", &parts->form);
    } else if (in == "formData") {
      for (auto& [field, value] : FormFields(parameter, name, sample)) {
        parts->form.push_back({Plain(field), Plain(value)});
      }
    } else {
      LeaveOut(place, absl::StrCat("the parameter ", name, " (", in, ")"));
    }
  }

  // One with a `content` is text of that type.
  Json SampleOfParameter(const Json& parameter) {
    const Json& content = FieldOf(parameter, "content");
    if (!content.is_object() || content.empty() || !FieldOf(parameter, "example").is_null()) {
      return sampler_.SampleOf(parameter);
    }
    const Json sample = sampler_.SampleOf(content.front());
    return sample.is_structured() ? Json(JsonText(sample)) : sample;
  }

  void Url(const std::string& place, const std::string& path, const Parts& parts, Template* url) {
    *url = {{.variable = true, .text = kBaseUrl}, {.variable = false, .text = {}}};
    size_t at = 0;
    for (;;) {
      const size_t open = std::min(path.find('{', at), path.size());
      const size_t close = path.find('}', open);
      if (close == std::string::npos) {
        break;
      }
      url->back().text += path.substr(at, open - at);
      const std::string name = path.substr(open + 1, close - open - 1);
      if (const auto known = parts.path.find(name); known != parts.path.end()) {
        url->back().text += known->second;
      } else {
        url->push_back({.variable = true, .text = UndescribedVariable(place, name)});
        url->push_back({.variable = false, .text = {}});
      }
      at = close + 1;
    }
    url->back().text += path.substr(at);
    absl::StrAppend(&url->back().text, parts.query.empty() ? "" : "?", parts.query);
    for (const auto& [name, text] : parts.path) {
      if (!absl::StrContains(path, absl::StrCat("{", name, "}"))) {
        LeaveOut(place, absl::StrCat("the parameter ", name, " (path), which is not in the path"));
      }
    }
  }

  // The script's variable for a part of a path that no parameter describes.
  std::string UndescribedVariable(const std::string& place, const std::string& name) {
    // Others are of the script itself.
    const bool is_taken = name == kBaseUrl || name == "TOKEN" || absl::StartsWith(name, "API_KEY");
    std::string variable = absl::StrCat(is_taken ? "path_" : "", name);
    LeaveOut(place,
             absl::StrCat("the value of {", name, "}, which no parameter describes; give one: -e ",
                          variable, "=..."));
    const std::pair<std::string, std::string> entry(variable, "1");
    if (std::find(recording_.variables.begin(), recording_.variables.end(), entry) ==
        recording_.variables.end()) {
      recording_.variables.push_back(entry);
    }
    return variable;
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
  OpenApiBodies bodies_{document_, &sampler_, &recording_};
  OpenApiSecurity security_{document_, swagger_, &sampler_, &recording_};
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
        "it is not a description of an API: there is no `openapi: 3.x` and no `swagger: '2.0'`");
  }
  if (!FieldOf(document, "paths").is_object()) {
    return absl::InvalidArgumentError("paths: there is no such object in it");
  }
  return OpenApiReader(document, three.empty()).Read();
}

}  // namespace lockstep::coordinator
