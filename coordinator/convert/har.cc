#include "coordinator/convert/har.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/options/document.h"
#include "coordinator/convert/forms.h"
#include "coordinator/convert/json_fields.h"

namespace lockstep::coordinator {
namespace {

constexpr char kFormType[] = "application/x-www-form-urlencoded";

// What was in earlier answers, for hints. Bounded: a long recording has hints for its first values
// only.
class Answers {
 public:
  // Notes the values of a JSON answer.
  void Note(const Json& content, const std::string& request) {
    constexpr size_t kLargest = size_t{1} << 20;
    const std::string text = TextOf(content, "text");
    if (!absl::StrContains(TextOf(content, "mimeType"), "json") || text.size() > kLargest) {
      return;
    }
    if (const absl::StatusOr<Json> json = ParseJsonDocument(text); json.ok()) {
      NoteValue(*json, "", request, 0);
    }
  }

  // Hints for what `sent` has of them.
  std::vector<std::string> HintsFor(const std::string& sent) const {
    constexpr size_t kMostHints = 5;
    std::vector<std::string> hints;
    for (const auto& [value, source] : values_) {
      if (hints.size() < kMostHints && absl::StrContains(sent, value)) {
        hints.push_back(absl::StrCat("correlate: '", value, "' was in the answer of ",
                                     source.request, ": res.json('", source.path, "')"));
      }
    }
    return hints;
  }

 private:
  struct Source {
    std::string path, request;
  };

  void NoteValue(const Json& value, const std::string& path, const std::string& request,
                 int depth) {
    constexpr size_t kMostValues = 500;
    constexpr int kDeepest = 20;
    if (values_.size() >= kMostValues || depth > kDeepest) {
      return;
    }
    if (value.is_structured()) {
      size_t index = 0;
      for (const auto& [key, member] : value.items()) {
        const std::string name = value.is_array() ? absl::StrCat(index++) : key;
        NoteValue(member, path.empty() ? name : absl::StrCat(path, ".", name), request, depth + 1);
      }
      return;
    }
    // Short ones are there by chance.
    constexpr size_t kShortest = 8, kLongest = 2000, kShortestNumber = 5;
    const std::string text = TextOf(value);
    if (text.size() <= kLongest &&
        text.size() >= (value.is_number_integer() ? kShortestNumber : kShortest) &&
        !value.is_boolean()) {
      values_.try_emplace(text, Source{path, request});
    }
  }

  std::map<std::string, Source> values_;
};

// Whether the header says no more than the URL.
bool IsHostOf(absl::string_view value, absl::string_view url) {
  const absl::string_view rest = url.substr(std::min(url.find("://") + 3, url.size()));
  absl::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (const size_t at = authority.rfind('@'); at != absl::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  const auto without_port = [&url](absl::string_view host) {
    absl::ConsumeSuffix(&host, absl::StartsWithIgnoreCase(url, "https") ? ":443" : ":80");
    return host;
  };
  return absl::EqualsIgnoreCase(without_port(value), without_port(authority));
}

// `text` behind `before`; "" if it is empty.
std::string Behind(absl::string_view before, const std::string& text) {
  return text.empty() ? "" : absl::StrCat(before, text);
}

class HarReader {
 public:
  absl::StatusOr<Recording> Read(const Json& log) {
    const Json& creator = FieldOf(log, FieldOf(log, "browser").is_object() ? "browser" : "creator");
    const std::string name = TextOf(creator, "name");
    recording_.origin = absl::StrCat("a HAR", Behind(" ", TextOf(log, "version")));
    if (!name.empty()) {
      absl::StrAppend(&recording_.origin, " of ", name, Behind(" ", TextOf(creator, "version")));
    }
    for (const Json& page : ListOf(log, "pages")) {
      titles_[TextOf(page, "id")] = TextOf(page, "title");
    }
    const Json& entries = ListOf(log, "entries");
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i == kMaxRequests) {
        recording_.left_out.push_back(
            absl::StrCat(entries.size() - i, " entries after the first ", i));
        break;
      }
      Entry(entries[i], i + 1);
    }
    if (CountRequests(recording_) == 0) {
      return absl::InvalidArgumentError("log.entries: there is no request to convert in it");
    }
    UseBaseUrl(&recording_);
    return std::move(recording_);
  }

 private:
  void LeaveOut(size_t number, absl::string_view what) {
    recording_.left_out.push_back(absl::StrCat("entry ", number, ": ", what));
  }

  void Entry(const Json& entry, size_t number) {
    const Json& recorded = FieldOf(entry, "request");
    const std::string url = TextOf(recorded, "url");
    if (!IsHttpUrl(url)) {
      LeaveOut(number, absl::StrCat(url.empty() ? "\"\"" : url.substr(0, 60),
                                    absl::StartsWith(url, "ws") ? " is a WebSocket"
                                                                : " is not an HTTP URL"));
      return;
    }
    RecordedRequest request;
    request.method = TextOf(recorded, "method");
    if (request.method.empty()) {
      request.method = "GET";
    }
    const size_t fragment = url.find('#');
    request.url = Plain(url.substr(0, fragment));
    request.name =
        absl::StrCat(request.method, " ", url.substr(0, std::min(url.find('?'), fragment)));
    std::string sent = url;
    Headers(recorded, url, number, &request, &sent);
    Body(FieldOf(recorded, "postData"), number, &request, &sent);
    for (std::string& hint : answers_.HintsFor(sent)) {
      request.hints.push_back(std::move(hint));
    }
    const Json& response = FieldOf(entry, "response");
    Status(response, number, &request);
    answers_.Note(FieldOf(response, "content"), request.name);
    GroupOf(TextOf(entry, "pageref")).requests.push_back(std::move(request));
  }

  RecordedGroup& GroupOf(const std::string& page) {
    if (recording_.groups.empty() || page != page_) {
      const auto title = titles_.find(page);
      recording_.groups.push_back(
          {title == titles_.end() || title->second.empty() ? page : title->second, {}});
      page_ = page;
    }
    return recording_.groups.back();
  }

  void Headers(const Json& recorded, const std::string& url, size_t number,
               RecordedRequest* request, std::string* sent) {
    for (const Json& header : ListOf(recorded, "headers")) {
      const std::string name = TextOf(header, "name"), value = TextOf(header, "value");
      if (absl::EqualsIgnoreCase(name, "cookie") && !set_cookies_ && !value.empty()) {
        LeaveOut(
            number,
            "cookies that were there before the recording; set them with http.cookieJar().set(url, name, value)");
        set_cookies_ = true;  // told once
      }
      const bool is_other_host =
          absl::EqualsIgnoreCase(name, "host") && !IsHostOf(value, url) && !value.empty();
      if (IsTheClients(name) && !is_other_host) {
        continue;
      }
      if (absl::EqualsIgnoreCase(name, "authorization")) {
        request->hints.push_back("the Authorization is the recorded one, which may have ended");
      }
      absl::StrAppend(sent, "\n", value);
      request->headers.emplace_back(name, Plain(value));
    }
  }

  void Body(const Json& post, size_t number, RecordedRequest* request, std::string* sent) {
    const std::string type = TextOf(post, "mimeType");
    std::string text = TextOf(post, "text");
    if (TextOf(post, "encoding") == "base64" &&
        !absl::Base64Unescape(TextOf(post, "text"), &text)) {
      LeaveOut(number, "a body whose base64 is broken");
      return;
    }
    absl::StrAppend(sent, "\n", text);
    const Json& params = ListOf(post, "params");
    if (text.empty() && params.empty()) {
      return;
    }
    if (!type.empty()) {
      SetDefaultHeader("Content-Type", type, request);
    }
    if (text.empty()) {
      Params(params, type, number, request);
    } else if (!IsUtf8(text)) {
      LeaveOut(number, absl::StrCat("a body of ", text.size(), " bytes that are not text"));
    } else if (absl::StartsWithIgnoreCase(type, kFormType)) {
      SetEncodedForm(text, request);  // params may be encoded as well, or not
    } else {
      request->body = {.kind = RecordedBody::Kind::kText, .text = Plain(text), .fields = {}};
    }
  }

  void Params(const Json& params, const std::string& type, size_t number,
              RecordedRequest* request) {
    std::vector<RecordedBody::Field> fields;
    bool has_files = false;
    for (const Json& param : params) {
      RecordedBody::Field& field = fields.emplace_back();
      field.name = Plain(TextOf(param, "name"));
      field.value = Plain(TextOf(param, "value"));
      field.file = TextOf(param, "fileName");
      field.type = TextOf(param, "contentType");
      if (!field.file.empty() && TextOf(param, "value").empty()) {
        field.value = Plain(kFileContent);
        has_files = true;
      }
    }
    if (!absl::StartsWithIgnoreCase(type, "multipart/")) {
      SetForm(std::move(fields), request);
      return;
    }
    if (has_files) {
      LeaveOut(number,
               "the content of the form's files, which the recording does not have: read it with "
               "open() and put it in");
    }
    for (const std::string& differs : SetMultipart(std::move(fields), request)) {
      LeaveOut(number, differs);
    }
  }

  void Status(const Json& response, size_t number, RecordedRequest* request) {
    const Json& value = FieldOf(response, "status");
    const int status =
        value.is_number_integer() && value.get<int64_t>() > 0 && value.get<int64_t>() < 1000
            ? value.get<int>()
            : 0;
    if (status == 0) {
      LeaveOut(number, "the answer, which was not recorded: its status is not known");
    } else if (status == 304) {
      request->statuses = {200, 304};  // nothing is in a cache here
    } else {
      request->statuses = {status};
    }
    if (status >= 301 && status <= 308 && status != 304) {
      request->redirects = 0;
    }
  }

  Recording recording_;
  std::map<std::string, std::string> titles_;  // of pages
  std::string page_;                           // of the last group
  bool set_cookies_ = false;
  Answers answers_;
};

}  // namespace

absl::StatusOr<Recording> ReadHar(absl::string_view text) {
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  LOCKSTEP_ASSIGN_OR_RETURN(const Json document, ParseJsonDocument(text));
  const Json& log = FieldOf(document, "log");
  if (!FieldOf(log, "entries").is_array()) {
    return absl::InvalidArgumentError("it is not a HAR file: there is no list log.entries");
  }
  return HarReader().Read(log);
}

}  // namespace lockstep::coordinator
