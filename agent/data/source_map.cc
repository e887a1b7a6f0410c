#include "agent/data/source_map.h"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

using MapJson = nlohmann::json;

// Six bits, the lowest first; the highest of them says that more follow, the lowest of the number
// is its sign.
constexpr int kDigitBits = 5;
constexpr int kMoreBit = 1 << kDigitBits;
constexpr int kMostShift = 60;

int Base64Digit(char c) {
  constexpr absl::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t at = kDigits.find(c);
  return at == absl::string_view::npos ? -1 : static_cast<int>(at);
}

// Takes one number off the front of `text`.
std::optional<int64_t> TakeNumber(absl::string_view* text) {
  int64_t value = 0;
  for (int shift = 0; shift < kMostShift && !text->empty(); shift += kDigitBits) {
    const int digit = Base64Digit(text->front());
    if (digit < 0) {
      return std::nullopt;
    }
    text->remove_prefix(1);
    value |= static_cast<int64_t>(digit & (kMoreBit - 1)) << shift;
    if ((digit & kMoreBit) == 0) {
      return (value & 1) != 0 ? -(value >> 1) : value >> 1;
    }
  }
  return std::nullopt;
}

std::string TextMember(const MapJson& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t NumberMember(const MapJson& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

absl::Status NoMap(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("not a source map: ", why));
}

}  // namespace

class SourceMapReader {
 public:
  explicit SourceMapReader(SourceMap* map) : map_(*map) {}

  // Reads a map whose generated code begins at this line and column of the whole, from 0.
  absl::Status Read(const MapJson& json, int64_t line, int64_t column) {
    if (!json.is_object()) {
      return NoMap("no JSON object");
    }
    if (const auto sections = json.find("sections"); sections != json.end()) {
      return ReadSections(*sections);
    }
    const auto sources = json.find("sources");
    const auto mappings = json.find("mappings");
    if (sources == json.end() || !sources->is_array() || mappings == json.end() ||
        !mappings->is_string()) {
      return NoMap("sources and mappings are missing");
    }
    std::string root = TextMember(json, "sourceRoot");
    if (!root.empty() && !absl::EndsWith(root, "/")) {
      root += '/';
    }
    first_source_ = static_cast<int64_t>(map_.sources_.size());
    for (const MapJson& source : *sources) {
      map_.sources_.push_back(
          absl::StrCat(root, source.is_string() ? source.get<std::string>() : ""));
    }
    return ReadMappings(mappings->get_ref<const std::string&>(), line, column);
  }

 private:
  absl::Status ReadSections(const MapJson& sections) {
    if (!sections.is_array()) {
      return NoMap("sections are not a list");
    }
    for (const MapJson& section : sections) {
      const bool whole = section.is_object() && section.contains("map") &&
                         section.contains("offset") && section["offset"].is_object() &&
                         section["map"].is_object() && !section["map"].contains("sections");
      if (!whole) {
        return NoMap("a section without a map or an offset");
      }
      LOCKSTEP_RETURN_IF_ERROR(Read(section["map"], NumberMember(section["offset"], "line"),
                                    NumberMember(section["offset"], "column")));
    }
    return absl::OkStatus();
  }

  absl::Status ReadMappings(absl::string_view text, int64_t line, int64_t first_column) {
    std::array<int64_t, 4> at = {first_column, 0, 0, 0};  // column, source, its line and column
    while (!text.empty()) {
      if (text.front() == ';') {
        ++line;
        at[0] = 0;
        text.remove_prefix(1);
      } else if (text.front() == ',') {
        text.remove_prefix(1);
      } else {
        LOCKSTEP_RETURN_IF_ERROR(ReadMapping(&text, line, &at));
      }
    }
    return absl::OkStatus();
  }

  // A mapping has one number, four, or five with a name that is of no use here; each is the
  // difference from the one before.
  absl::Status ReadMapping(absl::string_view* text, int64_t line, std::array<int64_t, 4>* at) {
    size_t count = 0;
    for (; !text->empty() && text->front() != ',' && text->front() != ';'; ++count) {
      const std::optional<int64_t> number = TakeNumber(text);
      if (!number.has_value() || count > at->size()) {
        return NoMap("mappings that are none");
      }
      if (count < at->size()) {
        // Numbers that no text can have are as wrong as letters.
        constexpr int64_t kMost = int64_t{1} << 40;
        (*at)[count] += *number;
        if ((*at)[count] < 0 || (*at)[count] > kMost) {
          return NoMap("mappings that are none");
        }
      }
    }
    SourceMap::Mapping mapping{.line = line, .column = (*at)[0]};
    if (count >= at->size()) {
      mapping.source = first_source_ + (*at)[1];
      mapping.source_line = (*at)[2];
      mapping.source_column = (*at)[3];
      if (mapping.source >= static_cast<int64_t>(map_.sources_.size())) {
        return NoMap("a mapping to a source that is not there");
      }
    }
    map_.mappings_.push_back(mapping);
    return absl::OkStatus();
  }

  SourceMap& map_;
  int64_t first_source_ = 0;
};

absl::StatusOr<SourceMap> SourceMap::Parse(absl::string_view json) {
  // A first line of this kind keeps the JSON from being run as a script.
  if (absl::StartsWith(json, ")]}'")) {
    json.remove_prefix(std::min(json.find('\n'), json.size()));
  }
  const MapJson parsed =
      MapJson::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) {
    return NoMap("no JSON");
  }
  SourceMap map;
  LOCKSTEP_RETURN_IF_ERROR(SourceMapReader(&map).Read(parsed, 0, 0));
  std::stable_sort(map.mappings_.begin(), map.mappings_.end(),
                   [](const Mapping& a, const Mapping& b) {
                     return std::pair(a.line, a.column) < std::pair(b.line, b.column);
                   });
  return map;
}

std::optional<SourceMap::Place> SourceMap::Find(int64_t line, int64_t column) const {
  const auto after =
      std::upper_bound(mappings_.begin(), mappings_.end(), std::pair(line - 1, column - 1),
                       [](const std::pair<int64_t, int64_t>& place, const Mapping& mapping) {
                         return place < std::pair(mapping.line, mapping.column);
                       });
  if (after == mappings_.begin()) {
    return std::nullopt;
  }
  const Mapping& mapping = *std::prev(after);
  if (mapping.line != line - 1 || mapping.source < 0) {
    return std::nullopt;
  }
  return Place{.source = sources_[static_cast<size_t>(mapping.source)],
               .line = mapping.source_line + 1,
               .column = mapping.source_column + 1};
}

}  // namespace lockstep::agent
