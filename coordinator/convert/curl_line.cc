#include "coordinator/convert/curl_line.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

#include "common/base/percent_encoding.h"
#include "common/base/status_macros.h"
#include "coordinator/convert/command_prompt.h"
#include "coordinator/convert/curl_form.h"
#include "coordinator/convert/curl_headers.h"
#include "coordinator/convert/curl_options.h"
#include "coordinator/convert/forms.h"
#include "coordinator/convert/shell_words.h"

namespace lockstep::coordinator {
namespace {

using Meaning = CurlMeaning;

class CurlReader {
 public:
  absl::StatusOr<Recording> Read(const ShellCommand& command) {
    const std::vector<std::string>& words = command.words;
    if (words.empty() || !IsCurl(words[0])) {
      const bool powershell = absl::StrContains(command.rest, "Invoke-WebRequest") ||
                              std::count(words.begin(), words.end(), "Invoke-WebRequest") > 0;
      return absl::InvalidArgumentError(
          absl::StrCat("not a curl command line: it must begin with `curl`",
                       powershell ? "; copy it as cURL (bash)" : ""));
    }
    for (size_t i = 1; i < words.size(); ++i) {
      LOCKSTEP_RETURN_IF_ERROR(Word(words, &i));
    }
    if (!command.rest.empty()) {
      LeaveOut(absl::StrCat("what follows the command: ", command.rest));
    }
    return Finish();
  }

 private:
  static bool IsCurl(absl::string_view program) {
    const std::string name = BaseName(program);
    return name == "curl" || absl::EqualsIgnoreCase(name, "curl.exe");
  }
  void LeaveOut(std::string what) { recording_.left_out.push_back(std::move(what)); }

  absl::Status Word(const std::vector<std::string>& words, size_t* i) {
    const std::string& word = words[*i];
    if (word.size() < 2 || word[0] != '-') {
      urls_.push_back(word);
      return absl::OkStatus();
    }
    if (word == "--next" || word == "-:") {
      LeaveOut("all after --next: convert it by itself");
      *i = words.size();
      return absl::OkStatus();
    }
    const bool is_long = absl::StartsWith(word, "--");
    for (size_t letter = 1; letter < word.size(); ++letter) {
      const std::string spelling = is_long ? word : absl::StrCat("-", word.substr(letter, 1));
      std::optional<Meaning> meaning = FindCurlOption(spelling);
      if (!meaning.has_value() && is_long) {
        if (No(word)) {
          break;
        }
        meaning = Expanded(word);
      }
      if (!meaning.has_value()) {
        return absl::InvalidArgumentError(
            absl::StrCat("word ", *i + 1, ": the option ", spelling,
                         " is not known, nor whether it takes a value"));
      }
      std::string value;
      const std::string rest = is_long ? "" : word.substr(letter + 1);
      if (TakesValue(*meaning)) {
        if (rest.empty() && *i + 1 == words.size()) {
          return absl::InvalidArgumentError(
              absl::StrCat("word ", *i + 1, ": the value of ", spelling, " is missing"));
        }
        value = rest.empty() ? words[++*i] : rest;
      }
      Take(*meaning, spelling, value);
      if (is_long || TakesValue(*meaning)) {
        break;
      }
    }
    return absl::OkStatus();
  }

  // "--no-location": what is without a value can be undone.
  bool No(absl::string_view word) {
    if (!absl::ConsumePrefix(&word, "--no-")) {
      return false;
    }
    const std::optional<Meaning> meaning = FindCurlOption(absl::StrCat("--", word));
    if (!meaning.has_value() || TakesValue(*meaning)) {
      return false;
    }
    Switch(*meaning, false);
    return true;
  }
  // "--expand-data": values with variables of curl's.
  std::optional<Meaning> Expanded(absl::string_view word) {
    if (!absl::ConsumePrefix(&word, "--expand-")) {
      return std::nullopt;
    }
    LeaveOut(absl::StrCat("--expand-", word, ": variables of curl's, which stay as they are"));
    const std::optional<Meaning> meaning = FindCurlOption(absl::StrCat("--", word));
    return meaning.has_value() && TakesValue(*meaning) ? meaning : std::nullopt;
  }

  void Take(Meaning meaning, const std::string& spelling, const std::string& value) {
    switch (meaning) {
      case Meaning::kMethod:
        method_ = value;
        break;
      case Meaning::kHeader:
        headers_.Add(value);
        break;
      case Meaning::kData:
      case Meaning::kBinaryData:
        Data(absl::StartsWith(value, "@") ? FileContent(value.substr(1)) : value);
        break;
      case Meaning::kRawData:
        Data(value);
        break;
      case Meaning::kEncodedData:
        Data(Encoded(value));
        break;
      case Meaning::kJson:
        json_ = true;
        Data(absl::StartsWith(value, "@") ? FileContent(value.substr(1)) : value, "");
        break;
      case Meaning::kForm:
      case Meaning::kFormText:
        Form(meaning, value);
        break;
      case Meaning::kQuery:
        absl::StrAppend(&query_, query_.empty() ? "" : "&",
                        absl::StartsWith(value, "+") ? value.substr(1) : Encoded(value));
        break;
      case Meaning::kUpload:
        uploads_.push_back(value);
        break;
      case Meaning::kUrl:
        urls_.push_back(value);
        break;
      case Meaning::kScheme:
        scheme_ = value;
        break;
      case Meaning::kTimeout:
        Timeout(value);
        break;
      case Meaning::kMostRedirects:
        MostRedirects(value);
        break;
      case Meaning::kUser:
      case Meaning::kBearer:
      case Meaning::kAgent:
      case Meaning::kReferer:
      case Meaning::kCookie:
      case Meaning::kRange:
        headers_.AddOption(meaning, spelling, value);
        break;
      case Meaning::kNothing:
      case Meaning::kNothingMuch:
        break;
      case Meaning::kLeftOut:
      case Meaning::kLeftOutValue:
        LeaveOut(absl::StrCat(spelling, value.empty() ? "" : " ", value));
        follows_ = follows_ || spelling == "--location-trusted";
        break;
      default:
        Switch(meaning, true);
    }
  }

  void Switch(Meaning meaning, bool on) {
    if (meaning == Meaning::kHead) {
      head_ = on;
    } else if (meaning == Meaning::kGet) {
      get_ = on;
    } else if (meaning == Meaning::kInsecure) {
      recording_.insecure = on;
    } else if (meaning == Meaning::kLocation) {
      follows_ = on;
    } else if (meaning == Meaning::kGlobOff) {
      globs_ = !on;
    } else if (meaning == Meaning::kCompressed) {
      headers_.SetDefault("Accept-Encoding", on ? "deflate, gzip, br, zstd" : "");
    }
  }

  void Timeout(const std::string& seconds) {
    double number = 0;
    if (absl::SimpleAtod(seconds, &number) && number > 0 && number < 1e6) {
      request_.timeout = absl::StrCat(number, "s");
    } else if (number != 0 || seconds != "0") {
      LeaveOut(absl::StrCat("the time-out ", seconds));
    }
  }

  void MostRedirects(const std::string& number) {
    int most = 0;
    if (absl::SimpleAtoi(number, &most) && most >= -1) {
      most_redirects_ = most == -1 ? kUnlimited : most;
    } else {
      LeaveOut(absl::StrCat("--max-redirs ", number));
    }
  }

  std::string FileContent(const std::string& file) {
    LeaveOut(FileLeftOut(file));
    return kFileContent;
  }

  // "text", "=text", "name=text", "@file" or "name@file": the name stays as it is.
  std::string Encoded(const std::string& text) {
    size_t mark = text.find('=');
    if (mark == std::string::npos) {
      mark = text.find('@');
    }
    const std::string name = mark == std::string::npos ? "" : text.substr(0, mark);
    std::string value = mark == std::string::npos ? text : text.substr(mark + 1);
    if (mark != std::string::npos && text[mark] == '@') {
      value = FileContent(value);
    }
    return absl::StrCat(name, name.empty() ? "" : "=",
                        absl::StrReplaceAll(PercentEncoded(value), {{"%20", "+"}}));
  }

  void Data(const std::string& text, absl::string_view separator = "&") {
    absl::StrAppend(&data_, data_.empty() ? "" : separator, text);
    has_data_ = true;
  }

  void Form(Meaning meaning, const std::string& text) {
    if (const size_t equals = text.find('=');
        meaning == Meaning::kFormText && equals != std::string::npos) {
      form_.push_back({Plain(text.substr(0, equals)), Plain(text.substr(equals + 1))});
      return;
    }
    CurlFormPart part = ParseCurlForm(text);
    std::move(part.fields.begin(), part.fields.end(), std::back_inserter(form_));
    std::move(part.left_out.begin(), part.left_out.end(), std::back_inserter(recording_.left_out));
  }

  void SetHeaders() {
    if (json_ && !get_) {
      headers_.SetDefault("Accept", "application/json");
    }
    if (has_data_ && !get_ && form_.empty()) {
      headers_.SetDefault("Content-Type",
                          json_ ? "application/json" : "application/x-www-form-urlencoded");
    }
    headers_.PutInto(&request_, get_ ? 0 : data_.size());
  }

  void SetBody() {
    if ((form_.empty() ? 0 : 1) + (has_data_ ? 1 : 0) + (uploads_.empty() ? 0 : 1) > 1) {
      LeaveOut("-d, -F and -T in one line, of which curl takes one: -F goes before -d");
    }
    if (!form_.empty()) {
      for (std::string& differs : SetMultipart(std::move(form_), &request_)) {
        LeaveOut(std::move(differs));
      }
    } else if (has_data_ && !get_) {
      request_.body = {RecordedBody::Kind::kText, Plain(data_), {}};
    }
  }

  // Without "\[" and the like, which keep curl from making several URLs of one.
  std::string WithoutGlobs(const std::string& url) {
    std::string plain;
    bool globs = false;
    for (size_t i = 0; i < url.size(); ++i) {
      const bool escaped = globs_ && url[i] == '\\' && i + 1 < url.size() &&
                           absl::StrContains("[]{}", url.substr(i + 1, 1));
      i += escaped ? 1 : 0;
      // "[]" is none, nor is an address of IPv6.
      globs = globs || (globs_ && !escaped && absl::StrContains("[{", url.substr(i, 1)) &&
                        url.substr(i, 2) != "[]" && !absl::EndsWith(plain, "//"));
      plain += url[i];
    }
    if (globs) {
      LeaveOut(absl::StrCat("the pattern in ", url, ", of which curl makes several requests"));
    }
    return plain;
  }

  std::string UrlOf(const std::string& given) {
    std::string url = WithoutGlobs(given);
    if (!absl::StrContains(url, "://")) {
      url = absl::StrCat(scheme_, "://", url);
    }
    url.resize(std::min(url.find('#'), url.size()));
    for (const std::string& more :
         {query_, get_ && has_data_ ? absl::StrReplaceAll(data_, {{" ", "%20"}}) : ""}) {
      if (!more.empty()) {
        absl::StrAppend(&url, absl::StrContains(url, "?") ? "&" : "?", more);
      }
    }
    return url;
  }

  // -T: the file is the body, and its name the end of a URL that has none.
  void Upload(const std::string& file, std::string* url, RecordedRequest* request) {
    request->body = {RecordedBody::Kind::kText, Plain(FileContent(file)), {}};
    const size_t host = url->find("://") + 3;
    const size_t query = std::min(url->find('?'), url->size());
    const absl::string_view path = absl::string_view(*url).substr(host, query - host);
    if (query < url->size() || file == "-" || file == ".") {
      return;
    }
    if (!absl::StrContains(path, "/")) {
      *url += '/';
    } else if (!absl::EndsWith(path, "/")) {
      return;
    }
    *url += PercentEncoded(BaseName(file));
  }

  absl::StatusOr<Recording> Finish() {
    if (urls_.empty()) {
      return absl::InvalidArgumentError("there is no URL in it");
    }
    SetHeaders();
    SetBody();
    request_.redirects = follows_ ? most_redirects_ : 0;
    recording_.origin = "a curl command line";
    recording_.groups.push_back({"curl", {}});
    for (size_t i = 0; i < urls_.size(); ++i) {
      std::string url = UrlOf(urls_[i]);
      if (!IsHttpUrl(url)) {
        LeaveOut(absl::StrCat(url, ": no URL of HTTP"));
        continue;
      }
      RecordedRequest request = request_;
      const bool uploads = i < uploads_.size() && !uploads_[i].empty();
      if (uploads) {
        Upload(uploads_[i], &url, &request);
      }
      const bool posts = request.body.kind != RecordedBody::Kind::kNone;
      request.method = !method_.empty() ? method_
                       : head_          ? "HEAD"
                       : uploads        ? "PUT"
                       : posts          ? "POST"
                                        : "GET";
      request.url = Plain(url);
      recording_.groups.back().requests.push_back(std::move(request));
    }
    if (CountRequests(recording_) == 0) {
      return absl::InvalidArgumentError("there is not an HTTP URL in it");
    }
    UseBaseUrl(&recording_);
    return std::move(recording_);
  }

  static constexpr int kUnlimited = 1000;  // in effect

  Recording recording_;
  RecordedRequest request_;  // what all URLs have
  CurlHeaders headers_{&recording_.left_out};
  std::string method_;
  std::vector<std::string> urls_;
  std::vector<std::string> uploads_;  // of the URLs, in order
  std::string scheme_ = "http";
  std::string query_;
  std::string data_;
  std::vector<RecordedBody::Field> form_;
  std::optional<int> most_redirects_;
  bool has_data_ = false;
  bool json_ = false;
  bool get_ = false;
  bool head_ = false;
  bool follows_ = false;
  bool globs_ = true;
};

}  // namespace

absl::StatusOr<Recording> ReadCurl(absl::string_view line) {
  LOCKSTEP_ASSIGN_OR_RETURN(const ShellCommand command, IsForCommandPrompt(line)
                                                            ? ParsePromptCommand(line)
                                                            : ParseShellCommand(line));
  return CurlReader().Read(command);
}

}  // namespace lockstep::coordinator
