#include "coordinator/convert/curl_line.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/status_macros.h"

namespace lockstep::coordinator {
namespace {

// The words of a command line, by a shell's rules of quotes. InvalidArgument names the place of a quote that is not
// closed.
class ShellWords {
 public:
  explicit ShellWords(absl::string_view line) : line_(line) {}

  absl::StatusOr<std::vector<std::string>> Split() {
    while (at_ < line_.size()) {
      LOCKSTEP_RETURN_IF_ERROR(Next());
    }
    End();
    return std::move(words_);
  }

 private:
  void End() {
    if (begun_) {
      words_.push_back(std::exchange(word_, ""));
      begun_ = false;
    }
  }
  absl::Status Open(size_t place) const {
    return absl::InvalidArgumentError(
        absl::StrCat("character ", place + 1, ": the quote that opens there is not closed"));
  }
  absl::Status Next() {
    const char c = line_[at_];
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      End();
      ++at_;
    } else if (c == '\\') {
      Backslash();
    } else if (c == '\'') {
      return Single();
    } else if (c == '"') {
      return Double();
    } else if (c == '$' && at_ + 1 < line_.size() && line_[at_ + 1] == '\'') {
      return Ansi();
    } else {
      begun_ = true;
      word_ += c;
      ++at_;
    }
    return absl::OkStatus();
  }
  void Backslash() {
    const absl::string_view rest = line_.substr(at_ + 1);
    if (absl::StartsWith(rest, "\r\n")) {
      at_ += 3;
    } else if (absl::StartsWith(rest, "\n")) {
      at_ += 2;
    } else {
      begun_ = true;
      absl::StrAppend(&word_, rest.substr(0, 1));
      at_ += 2;
    }
  }
  absl::Status Single() {
    const size_t close = line_.find('\'', at_ + 1);
    if (close == absl::string_view::npos) {
      return Open(at_);
    }
    begun_ = true;
    absl::StrAppend(&word_, line_.substr(at_ + 1, close - at_ - 1));
    at_ = close + 1;
    return absl::OkStatus();
  }
  absl::Status Double() {
    const size_t open = at_++;
    begun_ = true;
    for (; at_ < line_.size() && line_[at_] != '"'; ++at_) {
      if (line_[at_] == '\\' && at_ + 1 < line_.size() &&
          absl::StrContains("\"\\$`\n", line_.substr(at_ + 1, 1))) {
        ++at_;
        if (line_[at_] == '\n') {
          continue;
        }
      }
      word_ += line_[at_];
    }
    return at_++ < line_.size() ? absl::OkStatus() : Open(open);
  }
  // $'...', as Chrome copies what has line ends.
  absl::Status Ansi() {
    const size_t open = at_;
    size_t end = at_ + 2;
    while (end < line_.size() && line_[end] != '\'') {
      end += line_[end] == '\\' ? 2 : 1;
    }
    if (end >= line_.size()) {
      return Open(open);
    }
    std::string text, error;
    if (!absl::CUnescape(line_.substr(at_ + 2, end - at_ - 2), &text, &error)) {
      return absl::InvalidArgumentError(absl::StrCat("character ", open + 1, ": ", error));
    }
    begun_ = true;
    absl::StrAppend(&word_, text);
    at_ = end + 1;
    return absl::OkStatus();
  }

  const absl::string_view line_;
  size_t at_ = 0;
  bool begun_ = false;
  std::string word_;
  std::vector<std::string> words_;
};

// Options of curl's that are understood, by what they do here.
enum class Meaning {
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
  Meaning meaning;
};
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
    {0, "globoff", Meaning::kNothing},
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

std::string PercentEncoded(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        absl::StrContains("-._~", absl::string_view(&c, 1))) {
      out += c;
    } else {
      absl::StrAppend(&out, "%",
                      absl::AsciiStrToUpper(absl::BytesToHexString(absl::string_view(&c, 1))));
    }
  }
  return out;
}

class CurlReader {
 public:
  absl::StatusOr<Recording> Read(const std::vector<std::string>& words) {
    if (words.empty() || (words[0] != "curl" && !absl::EndsWith(words[0], "/curl"))) {
      return absl::InvalidArgumentError(
          "it is no command line of curl: it does not begin with curl");
    }
    for (size_t i = 1; i < words.size(); ++i) {
      LOCKSTEP_RETURN_IF_ERROR(Word(words, &i));
    }
    return Finish();
  }

 private:
  void LeaveOut(std::string what) { recording_.left_out.push_back(std::move(what)); }

  absl::Status Word(const std::vector<std::string>& words, size_t* i) {
    const std::string& word = words[*i];
    if (word.size() < 2 || word[0] != '-') {
      urls_.push_back(word);
      return absl::OkStatus();
    }
    if (word == "--next") {
      LeaveOut("all after --next: convert it by itself");
      *i = words.size();
      return absl::OkStatus();
    }
    const bool is_long = absl::StartsWith(word, "--");
    for (size_t letter = 1; letter < word.size(); ++letter) {
      const std::string spelling = is_long ? word : absl::StrCat("-", word.substr(letter, 1));
      const CurlOption* const option =
          Find(is_long ? absl::string_view(word).substr(2) : "", word[letter]);
      if (option == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("word ", *i + 1, ": the option ", spelling,
                         " is not known, nor whether it takes a value"));
      }
      std::string value;
      const std::string rest = is_long ? "" : word.substr(letter + 1);
      if (TakesValue(option->meaning)) {
        if (rest.empty() && *i + 1 == words.size()) {
          return absl::InvalidArgumentError(
              absl::StrCat("word ", *i + 1, ": the value of ", spelling, " is missing"));
        }
        value = rest.empty() ? words[++*i] : rest;
      }
      Take(*option, spelling, value);
      if (is_long || TakesValue(option->meaning)) {
        break;
      }
    }
    return absl::OkStatus();
  }

  static const CurlOption* Find(absl::string_view name, char letter) {
    for (const CurlOption& option : kCurlOptions) {
      if (name.empty() ? option.letter == letter && letter != 0 : option.name == name) {
        return &option;
      }
    }
    return nullptr;
  }

  void Take(const CurlOption& option, const std::string& spelling, const std::string& value) {
    switch (option.meaning) {
      case Meaning::kMethod:
        method_ = value;
        break;
      case Meaning::kHeader:
        Header(value);
        break;
      case Meaning::kData:
        if (absl::StartsWith(value, "@")) {
          LeaveOut(absl::StrCat(spelling, " ", value, ": the file's content; read it with open()"));
        } else {
          Data(value);
        }
        break;
      case Meaning::kRawData:
        Data(value);
        break;
      case Meaning::kEncodedData:
        EncodedData(value);
        break;
      case Meaning::kJson:
        Data(value);
        type_ = "application/json";
        request_.headers.emplace_back("Accept", Plain("application/json"));
        break;
      case Meaning::kForm:
        Form(value);
        break;
      case Meaning::kUser:
        request_.headers.emplace_back("Authorization",
                                      Plain(absl::StrCat("Basic ", absl::Base64Escape(value))));
        break;
      case Meaning::kAgent:
        request_.headers.emplace_back("User-Agent", Plain(value));
        break;
      case Meaning::kReferer:
        request_.headers.emplace_back("Referer", Plain(value));
        break;
      case Meaning::kCookie:
        if (absl::StrContains(value, "=")) {
          request_.headers.emplace_back("Cookie", Plain(value));
        } else {
          LeaveOut(absl::StrCat(spelling, " ", value, ": a file of cookies"));
        }
        break;
      case Meaning::kHead:
        method_ = "HEAD";
        break;
      case Meaning::kGet:
        get_ = true;
        break;
      case Meaning::kInsecure:
        recording_.insecure = true;
        break;
      case Meaning::kUrl:
        urls_.push_back(value);
        break;
      case Meaning::kTimeout:
        Timeout(value);
        break;
      case Meaning::kNothing:
      case Meaning::kNothingMuch:
        break;
      case Meaning::kLeftOut:
      case Meaning::kLeftOutValue:
        LeaveOut(absl::StrCat(spelling, value.empty() ? "" : " ", value));
        break;
    }
  }

  void Header(const std::string& text) {
    const size_t colon = text.find(':');
    const std::string name(absl::StripAsciiWhitespace(text.substr(0, colon)));
    if (colon == std::string::npos) {
      LeaveOut(absl::StrCat("the header \"", text, "\", which has no value"));
    } else if (!IsTheClients(name) || absl::EqualsIgnoreCase(name, "cookie")) {
      request_.headers.emplace_back(name,
                                    Plain(absl::StripAsciiWhitespace(text.substr(colon + 1))));
    }
  }

  void Timeout(const std::string& seconds) {
    double number = 0;
    if (absl::SimpleAtod(seconds, &number) && number > 0 && number < 1e6) {
      request_.timeout = absl::StrCat(number, "s");
    } else {
      LeaveOut(absl::StrCat("the time-out ", seconds));
    }
  }

  void EncodedData(const std::string& text) {
    const size_t equals = text.find('=');
    Data(equals == std::string::npos ? PercentEncoded(text)
                                     : absl::StrCat(text.substr(0, equals == 0 ? 0 : equals + 1),
                                                    PercentEncoded(text.substr(equals + 1))));
  }

  void Data(const std::string& text) {
    absl::StrAppend(&data_, has_data_ && type_.empty() ? "&" : "", text);
    has_data_ = true;
  }

  void Form(const std::string& text) {
    const std::pair<std::string, std::string> parts = {
        text.substr(0, text.find('=')),
        text.find('=') == std::string::npos ? "" : text.substr(text.find('=') + 1)};
    RecordedBody::Field field{Plain(parts.first), Plain(parts.second)};
    if (absl::StartsWith(parts.second, "@") || absl::StartsWith(parts.second, "<")) {
      field.file = parts.second.substr(1, parts.second.find(';') - 1);
      field.value = Plain("content of the file");
      LeaveOut(absl::StrCat("the content of ", field.file, ": read it with open() and put it in"));
    }
    request_.body.kind = RecordedBody::Kind::kMultipart;
    request_.body.fields.push_back(std::move(field));
  }

  void SetBody() {
    if (request_.body.kind == RecordedBody::Kind::kMultipart) {
      const auto& fields = request_.body.fields;
      if (std::none_of(fields.begin(), fields.end(),
                       [](const auto& field) { return !field.file.empty(); })) {
        LeaveOut("-F without files: a multipart form, which is sent as an URL-encoded one");
        SetForm(std::move(request_.body.fields), &request_);
      }
    } else if (has_data_ && !get_) {
      request_.body = {RecordedBody::Kind::kText, Plain(data_), {}};
      const bool typed = std::any_of(
          request_.headers.begin(), request_.headers.end(),
          [](const auto& header) { return absl::EqualsIgnoreCase(header.first, "content-type"); });
      if (!typed) {
        request_.headers.emplace_back(
            "Content-Type", Plain(type_.empty() ? "application/x-www-form-urlencoded" : type_));
      }
    }
  }

  absl::StatusOr<Recording> Finish() {
    if (urls_.empty()) {
      return absl::InvalidArgumentError("there is no URL in it");
    }
    SetBody();
    const bool posts = request_.body.kind != RecordedBody::Kind::kNone;
    request_.method = !method_.empty() ? method_ : posts ? "POST" : "GET";
    recording_.origin = "a curl command line";
    recording_.groups.push_back({"curl", {}});
    for (std::string url : urls_) {
      if (!absl::StrContains(url, "://")) {
        url = absl::StrCat("http://", url);
      }
      if (!IsHttpUrl(url)) {
        LeaveOut(absl::StrCat(url, ": no URL of HTTP"));
        continue;
      }
      if (get_ && has_data_) {
        absl::StrAppend(&url, absl::StrContains(url, "?") ? "&" : "?", data_);
      }
      request_.url = Plain(url.substr(0, url.find('#')));
      recording_.groups.back().requests.push_back(request_);
    }
    if (CountRequests(recording_) == 0) {
      return absl::InvalidArgumentError("there is no URL of HTTP in it");
    }
    UseBaseUrl(&recording_);
    return std::move(recording_);
  }

  Recording recording_;
  RecordedRequest request_;
  std::string method_;
  std::vector<std::string> urls_;
  std::string data_;
  std::string type_;
  bool has_data_ = false;
  bool get_ = false;
};

}  // namespace

absl::StatusOr<Recording> ReadCurl(absl::string_view line) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<std::string> words, ShellWords(line).Split());
  return CurlReader().Read(words);
}

}  // namespace lockstep::coordinator
