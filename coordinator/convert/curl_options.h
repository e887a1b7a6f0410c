// Options of curl's command line that are understood, by what they do here.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

enum class CurlMeaning {
  kMethod,
  kHeader,
  kData,
  kRawData,
  kEncodedData,
  kJson,
  kForm,
  kUser,
  kAgent,
  kReferer,
  kCookie,
  kHead,
  kGet,
  kInsecure,
  kUrl,
  kTimeout,
  kNothing,       // k6 does so anyway, or it is about curl's output
  kNothingMuch,   // likewise, with a value
  kLeftOut,       // cannot be done
  kLeftOutValue,  // likewise, with a value
};

struct CurlOption {
  char letter;  // 0: none
  absl::string_view name;
  CurlMeaning meaning;
};

// By its name, or where that is empty by its letter. Null: it is not known.
const CurlOption* FindCurlOption(absl::string_view name, char letter);
// Whether the next word, or the rest of this one, is its value.
bool TakesValue(CurlMeaning meaning);

}  // namespace lockstep::coordinator
