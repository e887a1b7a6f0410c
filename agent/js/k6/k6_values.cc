#include "agent/js/k6/k6_values.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "common/base/safe_integer.h"

namespace lockstep::agent {
namespace {

const char* NumberTypeName(double number) {
  const bool whole = std::trunc(number) == number && std::abs(number) <= kMaxSafeInteger &&
                     !(number == 0 && std::signbit(number));
  return whole ? "int64" : "float64";
}

// "" for what is not a typed array.
const char* ArrayTypeName(v8::Local<v8::Value> value) {
  return value->IsUint8Array() || value->IsUint8ClampedArray() ? "[]uint8"
         : value->IsInt8Array()                                ? "[]int8"
         : value->IsUint16Array()                              ? "[]uint16"
         : value->IsInt16Array()                               ? "[]int16"
         : value->IsUint32Array()                              ? "[]uint32"
         : value->IsInt32Array()                               ? "[]int32"
         : value->IsFloat32Array()                             ? "[]float32"
         : value->IsFloat64Array()                             ? "[]float64"
         : value->IsBigUint64Array()                           ? "[]uint64"
         : value->IsBigInt64Array()                            ? "[]int64"
                                                               : "";
}

bool IsDigitOrDot(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '.';
}

}  // namespace

std::string K6TypeName(v8::Local<v8::Value> value) {
  if (value->IsNumber()) {
    return NumberTypeName(value.As<v8::Number>()->Value());
  }
  if (const char* const name = ArrayTypeName(value); *name != '\0') {
    return name;
  }
  return value->IsNullOrUndefined() ? "<nil>"
         : value->IsString()        ? "string"
         : value->IsBoolean()       ? "bool"
         : value->IsBigInt()        ? "*big.Int"
         : value->IsSymbol()        ? "*sobek.Symbol"
         : value->IsFunction()      ? "func(sobek.FunctionCall) sobek.Value"
         : IsList(value)            ? "[]interface {}"
         : value->IsDate()          ? "time.Time"
         : value->IsArrayBuffer()   ? "sobek.ArrayBuffer"
         : value->IsPromise()       ? "*sobek.Promise"
         : value->IsMap()           ? "[][2]interface {}"
         : value->IsSet()           ? "[]interface {}"
                                    : kObjectType;
}

absl::Status K6Bytes(v8::Isolate* isolate, v8::Local<v8::Value> value, std::string* bytes) {
  const bool view = value->IsArrayBufferView();
  if ((!view || value->IsUint8Array() || value->IsUint8ClampedArray()) &&
      BytesOrText(isolate, value, bytes)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("invalid type ", K6TypeName(value), ", expected string, []byte or ArrayBuffer"));
}

std::string K6DurationFault(v8::Local<v8::Value> value, absl::string_view text) {
  constexpr absl::string_view kUnits[] = {"ns", "us", "\u00b5s", "\u03bcs", "ms", "s", "m", "h"};
  if (!value->IsString()) {
    return absl::StrCat("unable to use type ", K6TypeName(value), " as a duration value");
  }
  absl::string_view rest = text.substr(!text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0);
  while (!rest.empty() && IsDigitOrDot(rest[0])) {
    rest = rest.substr(
        std::distance(rest.begin(), std::find_if_not(rest.begin(), rest.end(), IsDigitOrDot)));
    const absl::string_view unit = rest.substr(
        0, std::distance(rest.begin(), std::find_if(rest.begin(), rest.end(), IsDigitOrDot)));
    if (unit.empty()) {
      return absl::StrCat("time: missing unit in duration \"", text, "\"");
    }
    if (std::find(std::begin(kUnits), std::end(kUnits), unit) == std::end(kUnits)) {
      return absl::StrCat("time: unknown unit \"", unit, "\" in duration \"", text, "\"");
    }
    rest.remove_prefix(unit.size());
  }
  return absl::StrCat("time: invalid duration \"", text, "\"");
}

}  // namespace lockstep::agent
