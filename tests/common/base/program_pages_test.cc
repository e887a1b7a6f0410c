#include "common/base/program_pages.h"

#include <cstdint>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

#include "common/base/read_file.h"

namespace lockstep {
namespace {

// Pages of files that this process has in memory.
int64_t FilePages() {
  const std::string status = ReadFile("/proc/self/status").value();
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    int64_t kilobytes = 0;
    if (absl::ConsumePrefix(&line, "RssFile:") && absl::ConsumeSuffix(&line, " kB") &&
        absl::SimpleAtoi(line, &kilobytes)) {
      return kilobytes * 1024 / sysconf(_SC_PAGESIZE);
    }
  }
  return -1;
}

// Constants of 1 MB that all are in memory, until they are given back.
const char kTable[1 << 20] = {1};

int64_t Sum() {
  int64_t sum = 0;
  for (const char& each : kTable) {
    sum += *const_cast<const volatile char*>(&each);
  }
  return sum;
}

TEST(ProgramPages, AreGivenBackAndComeBackWhenTheyAreUsed) {
  ASSERT_EQ(1, Sum());
  const int64_t before = FilePages();
  const int64_t table = static_cast<int64_t>(sizeof(kTable)) / sysconf(_SC_PAGESIZE);
  ASSERT_GE(before, table);
  GiveBackProgramPages();
  EXPECT_LE(FilePages(), before - table / 2);
  EXPECT_EQ(1, Sum());
}

}  // namespace
}  // namespace lockstep
