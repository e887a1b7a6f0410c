// Turns finished HTTP exchanges into samples: the http_* metrics with their tags, and the errors
// that the option `httpErrors` defines. One per VU, on the VU's worker. Knows no V8.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "agent/http/message.h"
#include "common/metrics/sample_sink.h"
#include "common/options/options.h"
#include "common/options/system_tags.h"

namespace lockstep::agent {

// One exchange, as its samples are tagged. Views must live as long as the call that takes it.
struct HttpHop {
  TagSet base = kEmptyTagSet;  // of the VU, with the tags of the request
  absl::string_view method;
  absl::string_view url;  // without credentials
  std::optional<absl::string_view>
      name;                      // the tag `name` where the script set it: the tag `url`, too, then
  std::optional<bool> expected;  // unset: the script does not want http_req_failed
  // A 401 that asks for the credentials that the script has given: no error.
  bool challenge = false;
  // How much later the request came than its schedule wanted; nothing: no
  // http_req_duration_intended.
  std::optional<absl::Duration> lateness = std::nullopt;
};

class HttpSampler {
 public:
  // `sink` is borrowed.
  HttpSampler(SampleSink& sink, SystemTags system_tags, HttpErrorsRule errors);

  // Writes the samples of `response`, which answered `hop`.
  void Record(const HttpHop& hop, const HttpResponse& response);

  // The tags of that exchange; remembered by the table, so that the same again costs one hash
  // lookup.
  TagSet TagsOf(const HttpHop& hop, const HttpResponse& response);

 private:
  TagSet MakeTags(const HttpHop& hop, const HttpResponse& response);

  SampleSink& sink_;
  const SystemTags system_tags_;
  const HttpErrorsRule errors_;
  std::string key_;  // of the look-up; kept for its memory
};

// The code that `Response.error_code` and the tag `error_code` show: a failure's own, 1000 + status
// from 400 on, or 0.
int HttpErrorCode(const HttpResponse& response);

}  // namespace lockstep::agent
