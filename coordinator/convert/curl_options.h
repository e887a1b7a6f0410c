// Options of curl's command line, by what they do here.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

enum class CurlMeaning {
  // With a value:
  kMethod,
  kHeader,
  kData,        // text or @file, whose line ends go
  kRawData,     // text
  kBinaryData,  // text or @file
  kEncodedData,
  kJson,
  kForm,
  kFormText,
  kQuery,
  kUpload,
  kUser,
  kBearer,
  kAgent,
  kReferer,
  kCookie,
  kRange,
  kUrl,
  kScheme,
  kTimeout,
  kMostRedirects,
  kNothingMuch,   // it is about curl's output or its connections, or k6 does so anyway
  kLeftOutValue,  // cannot be done
  // Without:
  kHead,
  kGet,
  kInsecure,
  kCompressed,
  kLocation,
  kGlobOff,
  kNothing,  // as kNothingMuch
  kLeftOut,  // as kLeftOutValue
};

// `spelling`: "-X" or "--request". Nothing: it is not known.
std::optional<CurlMeaning> FindCurlOption(absl::string_view spelling);
// Whether the next word, or the rest of this one, is its value.
bool TakesValue(CurlMeaning meaning);

}  // namespace lockstep::coordinator
