#include "coordinator/convert/curl_line.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "common/base/percent_encoding.h"
#include "common/base/status_macros.h"
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
    if (words.empty() || (words[0] != "curl" && !absl::EndsWith(words[0], "/curl"))) {
      return absl::InvalidArgumentError(
          "it is no command line of curl: it does not begin with curl");
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
          FindCurlOption(is_long ? absl::string_view(word).substr(2) : "", word[letter]);
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
  LOCKSTEP_ASSIGN_OR_RETURN(const ShellCommand command, ParseShellCommand(line));
  return CurlReader().Read(command);
}

}  // namespace lockstep::coordinator
