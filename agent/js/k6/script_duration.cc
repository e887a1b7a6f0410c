#include "agent/js/k6/script_duration.h"

#include <cmath>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "agent/js/bind/text.h"
#include "common/options/duration.h"

namespace lockstep::agent {

absl::StatusOr<absl::Duration> DurationOf(Context context, absl::string_view key,
                                          v8::Local<v8::Value> value) {
  if (value->IsNumber()) {
    const double milliseconds = value.As<v8::Number>()->Value();
    if (!std::isfinite(milliseconds)) {
      return absl::InvalidArgumentError(absl::StrCat("invalid ", key, " value: ", milliseconds));
    }
    return absl::Milliseconds(milliseconds);
  }
  if (!value->IsString() && !value->IsStringObject()) {
    v8::Isolate* isolate = context->GetIsolate();
    return absl::InvalidArgumentError(absl::StrCat(
        "invalid ", key,
        " value: ", value->IsNull() ? "null" : TextOf(isolate, value->TypeOf(isolate)),
        ": expected a string with units such as \"1m30s\", or a number of milliseconds"));
  }
  std::string text;
  if (!ToText(context, value, &text)) {
    return absl::CancelledError();
  }
  absl::StatusOr<absl::Duration> duration = ParseDuration(text);
  if (!duration.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid ", key, " value: ", duration.status().message()));
  }
  return duration;
}

}  // namespace lockstep::agent
