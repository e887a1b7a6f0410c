#include "coordinator/convert/convert.h"

#include "absl/status/status.h"

#include "coordinator/convert/curl_line.h"
#include "coordinator/convert/har.h"
#include "coordinator/convert/openapi.h"
#include "coordinator/convert/postman.h"
#include "coordinator/convert/templates.h"

namespace lockstep::coordinator {
namespace {

struct Named {
  const char* name;
  absl::string_view (*text)();
};
constexpr Named kTemplates[] = {{"minimal", &MinimalTemplate}, {"full", &FullTemplate}};

}  // namespace

absl::StatusOr<Recording> ReadRecording(RecordingFormat format, absl::string_view text) {
  switch (format) {
    case RecordingFormat::kHar:
      return ReadHar(text);
    case RecordingFormat::kOpenApi:
      return ReadOpenApi(text);
    case RecordingFormat::kPostman:
      return ReadPostman(text);
    case RecordingFormat::kCurl:
      return ReadCurl(text);
  }
  return absl::InternalError("no such format");
}

std::vector<std::string> TemplateNames() {
  std::vector<std::string> names;
  for (const Named& each : kTemplates) {
    names.emplace_back(each.name);
  }
  return names;
}

absl::string_view ScriptTemplate(absl::string_view name) {
  for (const Named& each : kTemplates) {
    if (each.name == name) {
      return each.text();
    }
  }
  return "";
}

}  // namespace lockstep::coordinator
