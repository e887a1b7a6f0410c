#include "coordinator/convert/curl_options.h"

namespace lockstep::coordinator {
namespace {

using Meaning = CurlMeaning;

constexpr CurlOption kCurlOptions[] = {
    {'X', "request", Meaning::kMethod},
    {'H', "header", Meaning::kHeader},
    {'d', "data", Meaning::kData},
    {0, "data-ascii", Meaning::kData},
    {0, "data-binary", Meaning::kData},
    {0, "data-raw", Meaning::kRawData},
    {0, "data-urlencode", Meaning::kEncodedData},
    {0, "json", Meaning::kJson},
    {'F', "form", Meaning::kForm},
    {0, "form-string", Meaning::kForm},
    {'u', "user", Meaning::kUser},
    {'A', "user-agent", Meaning::kAgent},
    {'e', "referer", Meaning::kReferer},
    {'b', "cookie", Meaning::kCookie},
    {'I', "head", Meaning::kHead},
    {'G', "get", Meaning::kGet},
    {'k', "insecure", Meaning::kInsecure},
    {0, "url", Meaning::kUrl},
    {'m', "max-time", Meaning::kTimeout},
    {'L', "location", Meaning::kNothing},
    {0, "compressed", Meaning::kNothing},
    {'s', "silent", Meaning::kNothing},
    {'S', "show-error", Meaning::kNothing},
    {'i', "include", Meaning::kNothing},
    {'v', "verbose", Meaning::kNothing},
    {'f', "fail", Meaning::kNothing},
    {0, "fail-with-body", Meaning::kNothing},
    {'N', "no-buffer", Meaning::kNothing},
    {'g', "globoff", Meaning::kNothing},
    {'#', "progress-bar", Meaning::kNothing},
    {'O', "remote-name", Meaning::kNothing},
    {0, "http1.1", Meaning::kNothing},
    {0, "http2", Meaning::kNothing},
    {0, "path-as-is", Meaning::kNothing},
    {'o', "output", Meaning::kNothingMuch},
    {'w', "write-out", Meaning::kNothingMuch},
    {'D', "dump-header", Meaning::kNothingMuch},
    {'c', "cookie-jar", Meaning::kNothingMuch},
    {0, "connect-timeout", Meaning::kLeftOutValue},
    {0, "retry", Meaning::kLeftOutValue},
    {'x', "proxy", Meaning::kLeftOutValue},
    {'T', "upload-file", Meaning::kLeftOutValue},
    {'E', "cert", Meaning::kLeftOutValue},
    {0, "key", Meaning::kLeftOutValue},
    {0, "cacert", Meaning::kLeftOutValue},
    {0, "resolve", Meaning::kLeftOutValue},
    {'K', "config", Meaning::kLeftOutValue},
    {'r', "range", Meaning::kLeftOutValue},
    {0, "digest", Meaning::kLeftOut},
    {0, "ntlm", Meaning::kLeftOut},
    {0, "http3", Meaning::kLeftOut},
};

}  // namespace

const CurlOption* FindCurlOption(absl::string_view name, char letter) {
  for (const CurlOption& option : kCurlOptions) {
    if (name.empty() ? option.letter == letter && letter != 0 : option.name == name) {
      return &option;
    }
  }
  return nullptr;
}

bool TakesValue(Meaning meaning) {
  switch (meaning) {
    case Meaning::kHead:
    case Meaning::kGet:
    case Meaning::kInsecure:
    case Meaning::kNothing:
    case Meaning::kLeftOut:
      return false;
    default:
      return true;
  }
}

}  // namespace lockstep::coordinator
