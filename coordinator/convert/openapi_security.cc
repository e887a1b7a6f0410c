#include "coordinator/convert/openapi_security.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "common/base/http_token.h"
#include "common/base/percent_encoding.h"

namespace lockstep::coordinator {

void OpenApiSecurity::LeaveOut(absl::string_view place, absl::string_view what) {
  recording_.left_out.push_back(absl::StrCat(place, ": ", what));
}

void OpenApiSecurity::Authorize(const std::string& place, const Json& operation,
                                RecordedRequest* request) {
  const Json& own = FieldOf(operation, "security");
  const Json& wanted = own.is_array() ? own : ListOf(document_, "security");
  if (wanted.empty() || !wanted.front().is_object()) {
    return;
  }
  for (const auto& [name, scopes] : wanted.front().items()) {
    Scheme(place, name, request);
  }
}

void OpenApiSecurity::Scheme(const std::string& place, const std::string& name,
                             RecordedRequest* request) {
  const Json& schemes = swagger_ ? FieldOf(document_, "securityDefinitions")
                                 : FieldOf(FieldOf(document_, "components"), "securitySchemes");
  const Json& scheme = sampler_.Resolve(FieldOf(schemes, name.c_str()));
  const std::string type = TextOf(scheme, "type");
  const std::string kind = absl::AsciiStrToLower(TextOf(scheme, "scheme"));
  if (type == "apiKey") {
    ApiKey(place, name, scheme, request);
  } else if ((type == "http" && kind == "bearer") || type == "oauth2" || type == "openIdConnect") {
    Bearer(place, name, type, request);
  } else if (type.empty()) {
    LeaveOut(place, absl::StrCat("the authorisation ", name, ", which is not described"));
  } else {
    LeaveOut(place,
             absl::StrCat("authorisation of the kind ", type, kind.empty() ? "" : " ", kind));
  }
}

void OpenApiSecurity::ApiKey(const std::string& place, const std::string& scheme,
                             const Json& described, RecordedRequest* request) {
  const std::string name = TextOf(described, "name"), in = TextOf(described, "in");
  const bool is_header = in == "header" && IsToken(name) && !IsOfTheConnection(name);
  if (name.empty() || (!is_header && in != "query" && in != "cookie")) {
    LeaveOut(place, absl::StrCat("the key ", name, " in the ", in));
    return;
  }
  std::string variable = "API_KEY";
  if (!keys_.empty()) {
    absl::StrAppend(&variable, "_", absl::AsciiStrToUpper(scheme));
  }
  Template secret = Secret(keys_.try_emplace(scheme, variable).first->second);
  if (is_header) {
    request->headers.emplace_back(name, std::move(secret));
  } else if (in == "query") {
    AddToQuery(PercentEncoded(name), std::move(secret), &request->url);
  } else {
    secret.insert(secret.begin(), {.variable = false, .text = absl::StrCat(name, "=")});
    request->headers.emplace_back("Cookie", std::move(secret));
  }
}

void OpenApiSecurity::Bearer(const std::string& place, const std::string& scheme,
                             const std::string& type, RecordedRequest* request) {
  if (HasHeader(*request, "Authorization")) {
    LeaveOut(place, absl::StrCat("the authorisation ", scheme, ": there is another already"));
    return;
  }
  Template value = Plain("Bearer ");
  value.push_back(Secret("TOKEN").front());
  request->headers.emplace_back("Authorization", std::move(value));
  if (type != "http" && !told_of_token_) {
    LeaveOut(scheme, "how to get a token; give one: -e TOKEN=...");
    told_of_token_ = true;
  }
}

Template OpenApiSecurity::Secret(const std::string& name) {
  const std::pair<std::string, std::string> variable(name, "");
  if (std::find(recording_.variables.begin(), recording_.variables.end(), variable) ==
      recording_.variables.end()) {
    recording_.variables.push_back(variable);
  }
  return {{.variable = true, .text = name}};
}

}  // namespace lockstep::coordinator
