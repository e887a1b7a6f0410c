#include "common/base/write_all.h"

#include <cerrno>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace lockstep {
namespace {

TEST(WriteAll, WritesMoreThanOneCallTakes) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const std::string content(size_t{1} << 20, 'x');  // a pipe holds 64 KiB
  size_t read_bytes = 0;
  std::thread reader([&] {
    char buffer[4096];
    for (ssize_t n = read(ends[0], buffer, sizeof(buffer)); n > 0;
         n = read(ends[0], buffer, sizeof(buffer))) {
      read_bytes += static_cast<size_t>(n);
    }
  });
  EXPECT_EQ(WriteAll(ends[1], content), 0);
  close(ends[1]);
  reader.join();
  close(ends[0]);
  EXPECT_EQ(read_bytes, content.size());
}

TEST(WriteAll, ReturnsTheReasonOfTheSystem) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  EXPECT_EQ(WriteAll(full, "x"), ENOSPC);
  close(full);
  EXPECT_EQ(WriteAll(-1, "x"), EBADF);
  EXPECT_EQ(WriteAll(-1, ""), 0);
}

}  // namespace
}  // namespace lockstep
