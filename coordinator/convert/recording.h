// What a recording or a description of an API says, whatever its format: requests in groups, and what cannot be
// converted. Readers fill it in (har.h, openapi.h, postman.h, curl_line.h), script_writer.h makes a script of it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

// What a reader takes at most: of a file, and of requests in it.
inline constexpr size_t kMaxRecordingBytes = size_t{64} << 20;
inline constexpr size_t kMaxRequests = 10'000;

// Text with variables in it: "/users/" and the variable "id".
struct Piece {
  bool variable = false;
  std::string text = {};  // of a variable: its name
};
using Template = std::vector<Piece>;

inline Template Plain(absl::string_view text) {
  return {{.variable = false, .text = std::string(text)}};
}

struct RecordedBody {
  enum class Kind { kNone, kText, kForm, kMultipart };
  Kind kind = Kind::kNone;
  Template text = {};  // of kText
  struct Field {
    Template name;
    Template value;
    std::string file = {};  // of kMultipart: the file's name; empty: a field
  };
  std::vector<Field> fields = {};  // of the other two
};

struct RecordedRequest {
  std::string name = {};  // for people
  std::string method = "GET";
  Template url = {};
  std::vector<std::pair<std::string, Template>> headers = {};
  RecordedBody body = {};
  // Statuses that are expected; none: any below 400.
  std::vector<int> statuses = {};
  bool redirected = false;                  // what it was redirected to is a request of its own
  std::vector<std::string> hints = {};      // comments above it
  std::optional<std::string> timeout = {};  // "30s"
};

struct RecordedGroup {
  std::string name;
  std::vector<RecordedRequest> requests;
};

struct Recording {
  std::string origin = {};  // what it was made of: "HAR 1.2 of Firefox 128"
  // Variables of the script, with the values that hold unless __ENV has others. BASE_URL is one of them.
  std::vector<std::pair<std::string, std::string>> variables = {};
  bool insecure = false;  // certificates are not verified
  std::vector<RecordedGroup> groups = {};
  std::vector<std::string> left_out = {};  // what could not be converted, each with its place
};

inline constexpr char kBaseUrl[] = "BASE_URL";

// Whether it is one of HTTP's.
bool IsHttpUrl(absl::string_view url);
// Whether a header is for the client to set, would make the answer depend on what it has in a cache, or is the name of
// none.
bool IsTheClients(absl::string_view header);
// Makes the fields the request's body, as a form.
void SetForm(std::vector<RecordedBody::Field> fields, RecordedRequest* request);
// Makes BASE_URL of the host that most requests go to.
void UseBaseUrl(Recording* recording);
size_t CountRequests(const Recording& recording);

}  // namespace lockstep::coordinator
