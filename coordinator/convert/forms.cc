#include "coordinator/convert/forms.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "common/base/percent_encoding.h"
#include "common/base/utf8.h"

namespace lockstep::coordinator {
namespace {

using Field = RecordedBody::Field;

constexpr char kUrlEncoded[] = "application/x-www-form-urlencoded";

// Text and variables one after the other, with neighbouring text in one piece.
class Joiner {
 public:
  void Text(absl::string_view text) {
    if (out_.empty() || out_.back().variable) {
      out_.push_back({.variable = false, .text = {}});
    }
    absl::StrAppend(&out_.back().text, text);
  }
  template <typename Encode>
  void Add(const Template& text, Encode encode) {
    for (const Piece& piece : text) {
      if (piece.variable) {
        out_.push_back(piece);
      } else {
        Text(encode(piece.text));
      }
    }
  }
  Template Take() { return std::move(out_); }

 private:
  Template out_;
};

// It follows from the form. `only`: unless it says more than that.
void RemoveContentType(RecordedRequest* request, absl::string_view only = "") {
  std::erase_if(request->headers, [only](const auto& header) {
    return absl::EqualsIgnoreCase(header.first, "content-type") &&
           (only.empty() || Joined(header.second) == only);
  });
}

void SetText(Template text, RecordedRequest* request) {
  request->body = {.kind = RecordedBody::Kind::kText, .text = std::move(text), .fields = {}};
}

// An object has each name once.
bool AreUnique(const std::vector<Field>& fields) {
  std::set<std::string> names;
  return std::all_of(fields.begin(), fields.end(), [&names](const Field& field) {
    return field.name.size() == 1 && !field.name[0].variable &&
           names.insert(field.name[0].text).second;
  });
}

// As the client encodes what is in forms.
std::string FormEncoded(absl::string_view text) {
  return absl::StrReplaceAll(PercentEncoded(text), {{"%20", "+"}});
}
std::string FormDecoded(absl::string_view text) {
  return PercentDecoded(absl::StrReplaceAll(text, {{"+", " "}}));
}

// As browsers write a name in a header.
std::string QuotedName(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"\"", "%22"}, {"\r", "%0D"}, {"\n", "%0A"}});
}

std::string BoundaryFor(const std::vector<Field>& fields) {
  std::string boundary = "lockstep-form-boundary";
  const auto has = [&boundary](const Field& field) {
    return absl::StrContains(Joined(field.value), boundary);
  };
  while (std::any_of(fields.begin(), fields.end(), has)) {
    boundary += 'x';
  }
  return boundary;
}

// A form without files has no other way: what http.post() makes of an object would be URL-encoded.
void SetMultipartText(const std::vector<Field>& fields, RecordedRequest* request) {
  const std::string boundary = BoundaryFor(fields);
  const auto plain = [](const std::string& text) { return text; };
  Joiner body;
  for (const Field& field : fields) {
    body.Text(absl::StrCat("--", boundary, "\r\nContent-Disposition: form-data; name=\""));
    body.Add(field.name, QuotedName);
    body.Text("\"\r\n");
    if (!field.type.empty()) {
      body.Text(absl::StrCat("Content-Type: ", field.type, "\r\n"));
    }
    body.Text("\r\n");
    body.Add(field.value, plain);
    body.Text("\r\n");
  }
  body.Text(absl::StrCat("--", boundary, "--\r\n"));
  SetText(body.Take(), request);
  RemoveContentType(request);
  request->headers.emplace_back("Content-Type",
                                Plain(absl::StrCat("multipart/form-data; boundary=", boundary)));
}

}  // namespace

void SetForm(std::vector<Field> fields, RecordedRequest* request) {
  if (AreUnique(fields)) {
    request->body = {.kind = RecordedBody::Kind::kForm, .text = {}, .fields = std::move(fields)};
    RemoveContentType(request, kUrlEncoded);
    return;
  }
  const auto encode = [](const std::string& text) { return PercentEncoded(text); };
  Joiner text;
  for (const Field& field : fields) {
    text.Text(&field == &fields.front() ? "" : "&");
    text.Add(field.name, encode);
    text.Text("=");
    text.Add(field.value, encode);
  }
  SetText(text.Take(), request);
  SetDefaultHeader("Content-Type", kUrlEncoded, request);
}

void SetEncodedForm(const std::string& text, RecordedRequest* request) {
  std::vector<Field> fields;
  std::string again, last;
  bool sorted = true;  // as the client sorts them
  for (const absl::string_view part : absl::StrSplit(text, '&')) {
    const size_t equals = std::min(part.find('='), part.size());
    const std::string name = FormDecoded(part.substr(0, equals));
    const std::string value = FormDecoded(part.substr(std::min(equals + 1, part.size())));
    absl::StrAppend(&again, fields.empty() ? "" : "&", FormEncoded(name), "=", FormEncoded(value));
    sorted = sorted && last <= name;
    last = name;
    fields.push_back({Plain(name), Plain(value)});
  }
  // Names and values are text in a script.
  if (sorted && again == text && AreUnique(fields) && IsUtf8(FormDecoded(text))) {
    SetForm(std::move(fields), request);
    return;
  }
  SetText(Plain(text), request);
  SetDefaultHeader("Content-Type", kUrlEncoded, request);
}

std::vector<std::string> SetMultipart(std::vector<Field> fields, RecordedRequest* request) {
  std::vector<std::string> differs;
  if (std::none_of(fields.begin(), fields.end(),
                   [](const Field& field) { return !field.file.empty(); })) {
    SetMultipartText(fields, request);
    return differs;
  }
  for (Field& field : fields) {
    if (field.file.empty() && !field.type.empty()) {
      field.file = Joined(field.name);
      differs.push_back(absl::StrCat("the field ", field.file, " of the form has the type ",
                                     field.type, ", for which it is sent as a file of its name"));
    }
  }
  request->body = {RecordedBody::Kind::kMultipart, {}, std::move(fields)};
  RemoveContentType(request);
  return differs;
}

}  // namespace lockstep::coordinator
