#include "coordinator/sources/tar_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kTarBlockBytes = 512;
constexpr size_t kTarNameBytes = 100;
constexpr char kRegularFile = '0';
constexpr char kPaxHeader = 'x';

// Where the fields of a header begin.
enum TarField : size_t {
  kModeAt = 100,
  kOwnerAt = 108,
  kGroupAt = 116,
  kSizeAt = 124,
  kTimeAt = 136,
  kSumAt = 148,
  kTypeAt = 156,
  kMagicAt = 257,
};

bool FitsHeader(absl::string_view name) {
  return name.size() <= kTarNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isprint(static_cast<unsigned char>(c));
         });
}

// "27 path=...\n": the number is the length of all of it, itself included.
std::string PaxRecord(absl::string_view key, absl::string_view value) {
  const std::string rest = absl::StrCat(" ", key, "=", value, "\n");
  size_t length = rest.size();
  while (length != rest.size() + absl::StrCat(length).size()) {
    length = rest.size() + absl::StrCat(length).size();
  }
  return absl::StrCat(length, rest);
}

}  // namespace

void TarWriter::Add(absl::string_view name, absl::string_view content) {
  if (!FitsHeader(name)) {
    AddEntry(kPaxHeader, "pax", PaxRecord("path", name));
    name = "long-name";
  }
  AddEntry(kRegularFile, name, content);
}

void TarWriter::AddEntry(char type, absl::string_view name, absl::string_view content) {
  std::string header(kTarBlockBytes, '\0');
  const auto put = [&header](size_t at, absl::string_view text) {
    header.replace(at, text.size(), text.data(), text.size());
  };
  put(0, name);
  put(kModeAt, "0000644");
  put(kOwnerAt, "0000000");
  put(kGroupAt, "0000000");
  put(kSizeAt, absl::StrFormat("%011o", content.size()));
  put(kTimeAt, "00000000000");
  put(kMagicAt, absl::string_view("ustar\0"
                                  "00",
                                  8));
  header[kTypeAt] = type;
  put(kSumAt, "        ");  // as which it counts in the sum
  unsigned sum = 0;
  for (const char c : header) {
    sum += static_cast<unsigned char>(c);
  }
  put(kSumAt, absl::StrFormat("%06o", sum));
  header[kSumAt + 6] = '\0';
  absl::StrAppend(&tar_, header, content);
  tar_.resize((tar_.size() + kTarBlockBytes - 1) / kTarBlockBytes * kTarBlockBytes);
}

std::string TarWriter::Finish() {
  tar_.resize(tar_.size() + 2 * kTarBlockBytes);
  return std::exchange(tar_, {});
}

}  // namespace lockstep::coordinator
