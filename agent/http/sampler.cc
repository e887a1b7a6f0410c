#include "agent/http/sampler.h"

#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

void AppendPart(absl::string_view part, std::string* key) {
  key->append(part.data(), part.size());
  key->push_back('\0');
}

// "1xx" to "5xx", or "error" where there was no response (status 0): the tag `status_class`, which
// comes with the system tag `status`.
absl::string_view StatusClass(int status) {
  constexpr absl::string_view kClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  const int hundreds = status / 100;
  return hundreds >= 1 && hundreds <= 5 ? kClasses[hundreds - 1] : "error";
}

}  // namespace

int HttpErrorCode(const HttpResponse& response) {
  if (response.error.code != 0) {
    return response.error.code;
  }
  return response.status >= 400 ? 1000 + response.status : 0;
}

HttpSampler::HttpSampler(SampleSink& sink, SystemTags system_tags, HttpErrorsRule errors)
    : sink_(sink), system_tags_(system_tags), errors_(std::move(errors)) {}

void HttpSampler::Record(const HttpHop& hop, const HttpResponse& response) {
  const HttpTimings& timings = response.timings;
  const double duration = absl::ToDoubleMilliseconds(timings.duration());
  absl::InlinedVector<MetricValue, 12> values = {
      {BuiltinMetric(builtin::kHttpReqs), 1},
      {BuiltinMetric(builtin::kHttpReqDuration), duration},
      {BuiltinMetric(builtin::kHttpReqBlocked), absl::ToDoubleMilliseconds(timings.blocked)},
      {BuiltinMetric(builtin::kHttpReqConnecting), absl::ToDoubleMilliseconds(timings.connecting)},
      {BuiltinMetric(builtin::kHttpReqTlsHandshaking),
       absl::ToDoubleMilliseconds(timings.tls_handshaking)},
      {BuiltinMetric(builtin::kHttpReqSending), absl::ToDoubleMilliseconds(timings.sending)},
      {BuiltinMetric(builtin::kHttpReqWaiting), absl::ToDoubleMilliseconds(timings.waiting)},
      {BuiltinMetric(builtin::kHttpReqReceiving), absl::ToDoubleMilliseconds(timings.receiving)},
  };
  if (hop.expected) {
    values.push_back({BuiltinMetric(builtin::kHttpReqFailed), *hop.expected ? 0.0 : 1.0});
  }
  if (hop.lateness) {
    values.push_back({BuiltinMetric(builtin::kHttpReqDurationIntended),
                      absl::ToDoubleMilliseconds(timings.duration() + *hop.lateness)});
  }
  const bool error = !hop.challenge && errors_.Counts(response.status, hop.expected);
  if (error) {
    values.push_back({BuiltinMetric(builtin::kHttpReqsErrors), 1});
    values.push_back({BuiltinMetric(builtin::kHttpReqDurationErrors), duration});
  }
  sink_.AddMany(TagsOf(hop, response), response.ended, values);
  if (hop.expected.has_value() ? !*hop.expected : error && !errors_.given) {
    sink_.AddError(
        response.error.message.empty() ? absl::StrCat(response.status) : response.error.message,
        hop.method, hop.name.value_or(hop.url), response.ended);
  }
}

TagSet HttpSampler::TagsOf(const HttpHop& hop, const HttpResponse& response) {
  const int64_t numbers[] = {static_cast<int64_t>(hop.base.serial()), response.status,
                             response.error.code, hop.expected ? int64_t{*hop.expected} : 2};
  key_.assign(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  AppendPart(hop.method, &key_);
  AppendPart(hop.name ? "n" : "u", &key_);
  AppendPart(hop.name ? *hop.name : hop.url, &key_);
  AppendPart(response.proto, &key_);
  AppendPart(response.tls_version(), &key_);
  if (response.error.code != 0) {
    AppendPart(response.error.message, &key_);
  }
  if (system_tags_.Has(SystemTag::kIp)) {
    AppendPart(response.remote_ip, &key_);
  }
  if (system_tags_.Has(SystemTag::kOcspStatus)) {
    AppendPart(response.ocsp_status(), &key_);
  }
  TagSetMemo& memo = sink_.tags().memo();
  if (const TagSet* known = memo.Find(key_)) {
    return *known;
  }
  TagSet tags = MakeTags(hop, response);
  memo.Keep(key_, tags);
  return tags;
}

TagSet HttpSampler::MakeTags(const HttpHop& hop, const HttpResponse& response) {
  absl::InlinedVector<std::pair<absl::string_view, absl::string_view>, 12> tags;
  const auto set = [&](SystemTag tag, absl::string_view value) {
    if (system_tags_.Has(tag) && !value.empty()) {
      tags.emplace_back(SystemTagName(tag), value);
    }
  };
  const std::string status = absl::StrCat(response.status);
  const int code = HttpErrorCode(response);
  const std::string error_code = code == 0 ? "" : absl::StrCat(code);
  set(SystemTag::kMethod, hop.method);
  set(SystemTag::kUrl, hop.name.value_or(hop.url));
  if (!hop.name) {
    set(SystemTag::kName, hop.url);
  }
  set(SystemTag::kStatus, status);
  if (system_tags_.Has(SystemTag::kStatus)) {
    tags.emplace_back("status_class", StatusClass(response.status));
  }
  set(SystemTag::kProto, response.proto);
  set(SystemTag::kTlsVersion, response.tls_version());
  set(SystemTag::kError, response.error.message);
  set(SystemTag::kErrorCode, error_code);
  set(SystemTag::kIp, response.remote_ip);
  set(SystemTag::kOcspStatus, response.ocsp_status());
  if (hop.expected) {
    set(SystemTag::kExpectedResponse, *hop.expected ? "true" : "false");
  }
  return sink_.tags().With(hop.base, tags);
}

}  // namespace lockstep::agent
