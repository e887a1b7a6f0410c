// What a recording or a description of an API says, whatever its format: requests in groups, and
// what cannot be converted. Readers fill it in (har.h, openapi.h, postman.h, curl_line.h),
// script_writer.h makes a script of it.
#pragma once

#include <initializer_list>
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
    std::string type = {};  // of kMultipart: the content's type; empty: none is said
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
  // Redirects that are followed at most; none: the script's option. 0 where what it was redirected
  // to is a request of its own.
  std::optional<int> redirects = {};
  std::vector<std::string> hints = {};      // comments above it
  std::optional<std::string> timeout = {};  // "30s"
};

struct RecordedGroup {
  std::string name;
  std::vector<RecordedRequest> requests;
};

struct Recording {
  std::string origin = {};  // what it was made of: "HAR 1.2 of Firefox 128"
  // Variables of the script, with the values that hold unless __ENV has others. BASE_URL is one of
  // them.
  std::vector<std::pair<std::string, std::string>> variables = {};
  // Variables that are made of others, each after those that it is made of.
  std::vector<std::pair<std::string, Template>> derived = {};
  bool insecure = false;  // certificates are not verified
  std::vector<RecordedGroup> groups = {};
  std::vector<std::string> left_out = {};  // what could not be converted, each with its place
};

inline constexpr char kBaseUrl[] = "BASE_URL";

// What stands in a script for the content of a file.
inline constexpr char kFileContent[] = "content of the file";
// What is said of it then.
std::string FileLeftOut(absl::string_view file);

// Whether it is one of HTTP's.
bool IsHttpUrl(absl::string_view url);
// Whether `name` is one of `names`, in whatever case.
bool IsOneOf(absl::string_view name, std::initializer_list<absl::string_view> names);
// Whether a header is for the client to set, would make the answer depend on what it has in a
// cache, or is the name of none: of a recording, these are left out.
bool IsTheClients(absl::string_view header);
// Whether a header is of the connection, which the client alone knows: it is not sent, even where
// people asked for it.
bool IsOfTheConnection(absl::string_view header);
bool HasHeader(const RecordedRequest& request, absl::string_view name);
// Adds the header unless there is one of the name.
void SetDefaultHeader(const char* name, absl::string_view value, RecordedRequest* request);
// Adds `name` and `value`, which are encoded already, to the URL's query.
void AddToQuery(absl::string_view name, Template value, Template* url);
// The text with variables as "{name}".
std::string Joined(const Template& text);
// Makes BASE_URL of the host that most requests go to, unless there is a variable of this name.
void UseBaseUrl(Recording* recording);
size_t CountRequests(const Recording& recording);

}  // namespace lockstep::coordinator
