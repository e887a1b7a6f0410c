// A tar of regular files, in memory: ustar headers, and one of the pax form before each name that
// they have no room for. The same files give the same bytes. Pure.
//
// Reading is libarchive's; this is here because its writer brings all of its formats, and a dozen
// libraries, with it.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

class TarWriter {
 public:
  // `name` has no NUL; `content` is at most 8 GiB.
  void Add(absl::string_view name, absl::string_view content);
  // The whole; the writer is empty afterwards.
  std::string Finish();
  size_t size() const { return tar_.size(); }

 private:
  void AddEntry(char type, absl::string_view name, absl::string_view content);

  std::string tar_;
};

}  // namespace lockstep::coordinator
