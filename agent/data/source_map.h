// Source maps (ECMA-426, "version 3"): which place of which source a place of generated code comes
// from. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

class SourceMap {
 public:
  // Lines and columns count from 1, columns in UTF-16 units.
  struct Place {
    std::string source;  // as the map has it, with its sourceRoot in front
    int64_t line = 1;
    int64_t column = 1;
  };

  // InvalidArgument: not the JSON of a map, or mappings that are none. Maps of sections are taken,
  // too.
  static absl::StatusOr<SourceMap> Parse(absl::string_view json);

  // The place behind the last mapping at or before this one in its line; nothing if there is none,
  // or if the map says that it comes from no source.
  std::optional<Place> Find(int64_t line, int64_t column) const;

 private:
  friend class SourceMapReader;

  struct Mapping {
    int64_t line = 0, column = 0;  // of the generated code, from 0
    int64_t source = -1;           // index of sources_; -1: none
    int64_t source_line = 0, source_column = 0;
  };
  std::vector<std::string> sources_;
  std::vector<Mapping> mappings_;  // by line and column
};

}  // namespace lockstep::agent
