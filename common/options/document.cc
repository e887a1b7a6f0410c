#include "common/options/document.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/yaml.h"

namespace lockstep {
namespace {

using Json = nlohmann::ordered_json;

// Deep enough for all that people write, shallow enough for the stack whatever the file says.
constexpr int kMaxDepth = 64;
// Aliases of YAML stand for as much as they name, again and again: a document may become this many
// times as many values as it has characters, and some more.
constexpr size_t kMaxUnfolding = 4;
constexpr size_t kFewNodes = 10'000;

absl::Status At(size_t line, size_t column, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ", column ", column, ": ", what));
}

// Where the byte `at` of `text` is, counted from 1.
absl::Status AtByte(absl::string_view text, size_t at, absl::string_view what) {
  const absl::string_view before = text.substr(0, std::min(at, text.size()));
  const size_t line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const size_t start = before.rfind('\n');
  return At(line, before.size() - (start == absl::string_view::npos ? 0 : start + 1) + 1, what);
}

// "unexpected '}'; expected string literal" of the library's long sentence.
std::string Reason(absl::string_view message) {
  const size_t unexpected = message.find("unexpected ");
  if (unexpected == absl::string_view::npos) {
    const size_t dash = message.rfind(" - ");
    return dash == absl::string_view::npos ? "it is not valid JSON"
                                           : std::string(message.substr(dash + 3));
  }
  return absl::StrReplaceAll(message.substr(unexpected), {{"<uninitialized>", "nothing"}});
}

// A plain YAML scalar as the JSON that a person means by it; a quoted one is text.
Json ScalarToJson(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") {
    return text;
  }
  if (text == "true" || text == "false") {
    return text == "true";
  }
  if (text.empty() || text == "null" || text == "~") {
    return nullptr;
  }
  int64_t integer = 0;
  if (absl::SimpleAtoi(text, &integer)) {
    return integer;
  }
  double number = 0;
  if (text.find_first_not_of("0123456789.eE+-") == std::string::npos &&
      absl::SimpleAtod(text, &number) && std::isfinite(number)) {
    return number;
  }
  return text;
}

Json ToJson(const YAML::Node& node, int depth, size_t* left) {
  if (depth > kMaxDepth) {
    throw YAML::Exception(node.Mark(), "nested too deeply");
  }
  if ((*left)-- == 0) {
    throw YAML::Exception(node.Mark(), "the document is too large with all that its aliases name");
  }
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return ScalarToJson(node);
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const YAML::Node& element : node) {
        list.push_back(ToJson(element, depth + 1, left));
      }
      return list;
    }
    case YAML::NodeType::Map: {
      Json object = Json::object();
      std::set<std::string> keys;
      for (const auto& member : node) {
        const std::string& key = member.first.Scalar();
        if (!keys.insert(key).second) {
          throw YAML::Exception(member.first.Mark(), absl::StrCat("`", key, "` is given twice"));
        }
        object.push_back({key, ToJson(member.second, depth + 1, left)});
      }
      return object;
    }
    default:
      return nullptr;
  }
}

// Of a comma that stands at the top the library makes an empty document, which it does not take the
// comma for, and so another one, without end. Throws where two documents start at one place.
class DocumentStarts final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (last_ == mark.pos) {
      throw YAML::Exception(mark, "no document can begin with a comma");
    }
    last_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}

 private:
  int last_ = -1;
};

void CheckThatDocumentsEnd(absl::string_view text) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  DocumentStarts starts;
  while (parser.HandleNextDocument(starts)) {
  }
}

}  // namespace

absl::StatusOr<Json> ParseJsonDocument(absl::string_view text) {
  if (absl::StripAsciiWhitespace(text).empty()) {
    return At(1, 1, "it is empty");  // for which each version of the library has other words
  }
  std::vector<std::set<std::string>> keys;  // of the objects that are being read
  std::string twice;
  const auto note = [&](int /*depth*/, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      twice = keys.back().insert(key).second || !twice.empty() ? twice : key;
    }
    return true;
  };
  // The only place where the JSON library's exceptions can surface.
  try {
    Json value = Json::parse(text.begin(), text.end(), note);
    return twice.empty() ? absl::StatusOr<Json>(std::move(value))
                         : absl::InvalidArgumentError(absl::StrCat("`", twice, "` is given twice"));
  } catch (const Json::parse_error& error) {
    return AtByte(text, error.byte == 0 ? 0 : error.byte - 1, Reason(error.what()));
  } catch (const std::exception&) {
    return absl::InvalidArgumentError("it is not valid JSON: a number in it is too large");
  }
}

absl::StatusOr<Json> ParseYamlDocument(absl::string_view text) {
  // The only place where the YAML library's exceptions can surface.
  try {
    CheckThatDocumentsEnd(text);
    size_t left = kMaxUnfolding * text.size() + kFewNodes;
    std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    std::erase_if(documents, [](const YAML::Node& document) { return document.IsNull(); });
    if (documents.size() > 1) {
      return absl::InvalidArgumentError("it has more than one document (`---`); one is read");
    }
    return ToJson(documents.empty() ? YAML::Node() : documents.front(), 0, &left);
  } catch (const YAML::Exception& error) {
    return error.mark.is_null() ? absl::InvalidArgumentError(error.msg)
                                : At(static_cast<size_t>(error.mark.line) + 1,
                                     static_cast<size_t>(error.mark.column) + 1, error.msg);
  } catch (const std::exception&) {
    return absl::InvalidArgumentError("it is not valid YAML");
  }
}

}  // namespace lockstep
