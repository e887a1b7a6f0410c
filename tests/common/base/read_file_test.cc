#include "common/base/read_file.h"

#include <fstream>

#include "gtest/gtest.h"

namespace lockstep {
namespace {

class ReadFileTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return path_;
  }

  const std::string path_ =
      ::testing::TempDir() + ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(ReadFileTest, GivesAllBytes) {
  const std::string bytes = std::string("a\0\r\n\xff", 5) + std::string(200000, 'x');
  EXPECT_EQ(*ReadFile(Write(bytes)), bytes);
  EXPECT_EQ(*ReadFile(Write("")), "");
}

TEST_F(ReadFileTest, TakesAsManyBytesAsAllowed) {
  EXPECT_EQ(*ReadFile(Write("12345"), 5), "12345");
  EXPECT_EQ(ReadFile(path_, 4).status(),
            absl::ResourceExhaustedError("it has 5 bytes, at most 4 are taken"));
}

TEST_F(ReadFileTest, ReadsWhatDoesNotTellItsSize) {
  EXPECT_FALSE(ReadFile("/proc/self/status")->empty());
  EXPECT_EQ(ReadFile("/dev/zero", 1000).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ReadFileTest, SaysInTheSystemsWordsWhatIsWrong) {
  EXPECT_EQ(ReadFile(path_ + "-none").status(), absl::NotFoundError("No such file or directory"));
  EXPECT_EQ(ReadFile("/").status(), absl::FailedPreconditionError("Is a directory"));
}

}  // namespace
}  // namespace lockstep
