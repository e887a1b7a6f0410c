#include "common/base/open_for_writing.h"

#include <cerrno>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gtest/gtest.h"

#include "common/base/write_all.h"

namespace lockstep {
namespace {

TEST(OpenForWriting, WaitsForNoReaderOfAPipeAndForNoneThatDoesNotRead) {
  const std::string path = ::testing::TempDir() + "open_for_writing.pipe";
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_TRUE(IsPipe(path));
  EXPECT_EQ(OpenForWriting(path, O_CREAT | O_TRUNC), -1);
  EXPECT_EQ(WritingReason(errno), "nobody reads this pipe; start its reader first");
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int writer = OpenForWriting(path, 0);
  ASSERT_GE(writer, 0);
  EXPECT_TRUE(MayWait(writer));
  EXPECT_EQ(WriteAll(writer, std::string(size_t{1} << 20, 'x')), ETIMEDOUT);
  close(writer);
  close(reader);
  std::filesystem::remove(path);
}

TEST(OpenForWriting, AFileIsNothingToWaitFor) {
  const std::string path = ::testing::TempDir() + "open_for_writing.txt";
  const int file = OpenForWriting(path, O_CREAT | O_TRUNC);
  ASSERT_GE(file, 0);
  EXPECT_FALSE(MayWait(file));
  EXPECT_FALSE(IsPipe(path));
  EXPECT_EQ(WriteAll(file, std::string(size_t{1} << 20, 'x')), 0);
  close(file);
  EXPECT_EQ(std::filesystem::file_size(path), size_t{1} << 20);
  std::filesystem::remove(path);
  EXPECT_EQ(OpenForWriting("/no/such/file", O_CREAT), -1);
  EXPECT_EQ(WritingReason(errno), "No such file or directory");
}

}  // namespace
}  // namespace lockstep
