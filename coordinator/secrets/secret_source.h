// What --secret-source says, read. Pure, but for the files that it names.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/base/environment.h"
#include "common/options/tiers.h"

namespace lockstep::coordinator {

// Keys and their values: of `mock`, which has them on the command line, and of `file`.
using KnownSecrets = std::map<std::string, std::string>;

// A server that is asked for each key.
struct UrlSecretSettings {
  std::string url_template;  // with {key} in it
  std::string method = "GET";
  std::vector<std::string> headers;  // "Name: value"
  std::string response_path;         // "data.token" of a JSON answer; "": the whole answer
  absl::Duration timeout = absl::Seconds(30);
  int64_t requests_per_minute = 300;
  int64_t burst = 10;
  int64_t max_retries = 3;
  absl::Duration retry_backoff = absl::Seconds(1);  // doubles with each
};

struct SecretSource {
  std::string name = {};  // of name=..., or else the type's
  bool is_default = false;
  std::variant<KnownSecrets, UrlSecretSettings> secrets = {};
};

// The variables of url sources, behind LOCKSTEP_; beside them there are those that begin with
// SECRET_SOURCE_URL_HEADER_.
std::vector<std::string> SecretVariables();

// "mock=KEY=VALUE,...", "file=PATH" or "url=KEY=VALUE,..." as in k6, each with "name=NAME" and
// "default" among its parts. The settings of `url` may be in a JSON file (config=PATH) and in the
// variables K6_SECRET_SOURCE_URL_* (LOCKSTEP_SECRET_SOURCE_URL_*), which are weaker.
// InvalidArgument names the parts that are wrong, a line for each, or the file; no value of a
// secret is in a message.
absl::StatusOr<SecretSource> ReadSecretSource(absl::string_view text,
                                              const Environment& environment);

// All of them. FailedPrecondition: with a line for each mistake, which names its place; so it is if
// two have one name or two are the default.
absl::StatusOr<std::vector<SecretSource>> ReadSecretSources(const std::vector<Setting>& said,
                                                            const Environment& environment);

}  // namespace lockstep::coordinator
