#include "agent/js/k6/webcrypto_arguments.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/text.h"
#include "common/base/safe_integer.h"

namespace lockstep::agent {

bool CryptoBytesAt(const Info& info, int index, std::string* bytes) {
  std::optional<std::string> found = BytesOf(info[index]);
  if (!found.has_value()) {
    ThrowTypeError(info.GetIsolate(), "expected an ArrayBuffer or a view on one");
    return false;
  }
  *bytes = *std::move(found);
  return true;
}

bool CryptoIntAt(const Info& info, int index, int64_t* number) {
  double value = 0;
  if (!info[index]->NumberValue(info.GetIsolate()->GetCurrentContext()).To(&value)) {
    return false;
  }
  if (!(std::abs(value) <= kMaxSafeInteger) || value != std::floor(value)) {
    ThrowTypeError(info.GetIsolate(), absl::StrCat("expected an integer, got ", value));
    return false;
  }
  *number = static_cast<int64_t>(value);
  return true;
}

bool CryptoHashAt(const Info& info, int index, HashAlgorithm* hash) {
  std::string name;
  if (!ToText(info.GetIsolate()->GetCurrentContext(), info[index], &name)) {
    return false;
  }
  const std::optional<HashAlgorithm> known = ParseHashAlgorithm(name);
  if (!known.has_value()) {
    ThrowTypeError(info.GetIsolate(), absl::StrCat("unknown hash ", name));
    return false;
  }
  *hash = *known;
  return true;
}

void ReturnBytes(const Info& info, const absl::StatusOr<std::string>& bytes) {
  if (bytes.ok()) {
    info.GetReturnValue().Set(JsBytes(info.GetIsolate(), *bytes));
  } else {
    ThrowError(info.GetIsolate(), bytes.status().message());
  }
}

}  // namespace lockstep::agent
