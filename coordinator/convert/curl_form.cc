#include "coordinator/convert/curl_form.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using Field = RecordedBody::Field;

// As curl guesses it, "" for what it calls application/octet-stream, as http.file() does.
absl::string_view TypeOfFile(absl::string_view name) {
  constexpr std::pair<absl::string_view, absl::string_view> kTypes[] = {
      {".gif", "image/gif"},       {".jpg", "image/jpeg"},    {".jpeg", "image/jpeg"},
      {".png", "image/png"},       {".svg", "image/svg+xml"}, {".txt", "text/plain"},
      {".htm", "text/html"},       {".html", "text/html"},    {".pdf", "application/pdf"},
      {".xml", "application/xml"},
  };
  for (const auto& [ending, type] : kTypes) {
    if (absl::EndsWithIgnoreCase(name, ending)) {
      return type;
    }
  }
  return "";
}

class FormText {
 public:
  explicit FormText(absl::string_view text) : text_(text) {}

  // Up to ';', or to `end`; or what is in quotes.
  std::string Word(char end) {
    SkipSpace();
    std::string word;
    if (At('"') && text_.find('"', at_ + 1) != absl::string_view::npos) {
      for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
        const bool escapes = text_[at_] == '\\' && at_ + 1 < text_.size() &&
                             (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\');
        at_ += escapes ? 1 : 0;
        word += text_[at_];
      }
      at_ += at_ < text_.size() ? 1 : 0;
      while (at_ < text_.size() && !Ends(end)) {
        ++at_;  // curl drops it
      }
      return word;
    }
    while (at_ < text_.size() && !Ends(end)) {
      word += text_[at_++];
    }
    return word;
  }
  void SkipSpace() {
    while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) {
      ++at_;
    }
  }
  bool TakePrefix(absl::string_view prefix) {
    if (!absl::StartsWithIgnoreCase(text_.substr(at_), prefix)) {
      return false;
    }
    at_ += prefix.size();
    return true;
  }
  bool At(char c) const { return at_ < text_.size() && text_[at_] == c; }

 private:
  bool Ends(char end) const { return text_[at_] == ';' || (end != 0 && text_[at_] == end); }

  const absl::string_view text_;
  size_t at_ = 0;
};

// ";type=...", ";filename=..." and what else follows a value.
void ReadAttributes(FormText* text, char end, Field* field, std::vector<std::string>* left_out) {
  const std::string name = Joined(field->name);
  bool in_type = false;
  while (text->TakePrefix(";")) {
    text->SkipSpace();
    if (text->TakePrefix("type=")) {
      field->type = std::string(absl::StripAsciiWhitespace(text->Word(end)));
      in_type = true;
      continue;
    }
    if (text->TakePrefix("filename=")) {
      field->file = text->Word(end);
    } else if (text->TakePrefix("headers=")) {
      left_out->push_back(absl::StrCat("headers of the field ", name, ": ", text->Word(end)));
    } else if (text->TakePrefix("encoder=")) {
      left_out->push_back(absl::StrCat("the field ", name, " encoded as ", text->Word(end)));
    } else if (const std::string other = text->Word(end); in_type) {
      absl::StrAppend(&field->type, "; ", absl::StripAsciiWhitespace(other));
      continue;
    }
    in_type = false;
  }
}

}  // namespace

std::string BaseName(absl::string_view path) {
  return std::string(path.substr(path.find_last_of("/\\") + 1));
}

CurlFormPart ParseCurlForm(const std::string& text) {
  CurlFormPart part;
  const size_t equals = text.find('=');
  if (equals == std::string::npos || absl::StartsWith(text.substr(equals), "=(") || text == "=)") {
    part.left_out.push_back(absl::StrCat("-F ", text, ": it is not a field with a value"));
    return part;
  }
  const Template name = Plain(text.substr(0, equals));
  FormText rest(absl::string_view(text).substr(equals + 1));
  const bool is_file = rest.At('@'), is_content = rest.At('<');
  if (!is_file && !is_content) {
    Field& field = part.fields.emplace_back(Field{name, Plain(rest.Word(0))});
    ReadAttributes(&rest, 0, &field, &part.left_out);
    return part;
  }
  rest.TakePrefix(is_file ? "@" : "<");
  const char end = is_file ? ',' : '\0';
  do {
    const std::string path = rest.Word(end);
    Field& field = part.fields.emplace_back(Field{name, Plain(kFileContent)});
    if (is_file) {
      field.file = BaseName(path);
      field.type = std::string(TypeOfFile(path));
    }
    ReadAttributes(&rest, end, &field, &part.left_out);
    part.left_out.push_back(FileLeftOut(path));
  } while (is_file && rest.TakePrefix(","));
  if (part.fields.size() > 1) {
    part.left_out.push_back(absl::StrCat("the files of ", Joined(name),
                                         " in a form of their own: they are fields of one name"));
  }
  return part;
}

}  // namespace lockstep::coordinator
