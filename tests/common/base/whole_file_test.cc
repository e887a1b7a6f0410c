#include "common/base/whole_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "gtest/gtest.h"

#include "common/base/read_file.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

class WholeFile : public ::testing::Test {
 public:
  ~WholeFile() override { fs::remove_all(folder_); }

 protected:
  WholeFile()
      : folder_(fs::path(::testing::TempDir()) /
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  static std::string Read(const std::string& path) { return ReadFile(path).value_or("(nothing)"); }
  auto Entries() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

  const fs::path folder_;
};

TEST_F(WholeFile, IsNewOrReplacedAndLeavesNothingBeside) {
  EXPECT_TRUE(CheckWholeFile(Path("a")).ok());
  EXPECT_EQ(Entries(), 0);
  EXPECT_TRUE(WriteWholeFile(Path("a"), "one").ok());
  EXPECT_EQ(Read(Path("a")), "one");
  fs::permissions(Path("a"), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_hard_link(Path("a"), Path("former"));
  EXPECT_TRUE(CheckWholeFile(Path("a")).ok());
  EXPECT_EQ(Read(Path("a")), "one");
  EXPECT_TRUE(WriteWholeFile(Path("a"), "two").ok());
  EXPECT_EQ(Read(Path("a")), "two");
  EXPECT_EQ(Read(Path("former")), "one") << "whoever had opened it still reads it";
  EXPECT_EQ(fs::status(Path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(Entries(), 2);
}

TEST_F(WholeFile, IsWhatALinkPointsTo) {
  fs::create_directory(Path("elsewhere"));
  fs::create_symlink("elsewhere/a", Path("link"));
  EXPECT_TRUE(CheckWholeFile(Path("link")).ok());
  EXPECT_FALSE(fs::exists(Path("elsewhere/a")));
  for (const char* content : {"made", "replaced"}) {  // a link to nothing, and to a file
    EXPECT_TRUE(WriteWholeFile(Path("link"), content).ok());
    EXPECT_TRUE(fs::is_symlink(Path("link")));
    EXPECT_EQ(Read(Path("elsewhere/a")), content);
  }
  fs::create_symlink("/dev/null", Path("null"));
  EXPECT_TRUE(CheckWholeFile(Path("null")).ok());
  EXPECT_TRUE(WriteWholeFile(Path("null"), "x").ok());
  EXPECT_TRUE(fs::is_symlink(Path("null")));
}

TEST_F(WholeFile, StaysADevice) {
  EXPECT_TRUE(CheckWholeFile("/dev/full").ok());
  EXPECT_EQ(WriteWholeFile("/dev/full", "x").message(), "No space left on device");
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(WholeFile, StaysAPipeWhoseReaderIsNotDisturbedByALook) {
  const std::string pipe = Path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = Read(pipe); });
  EXPECT_TRUE(CheckWholeFile(pipe).ok());
  EXPECT_TRUE(WriteWholeFile(pipe, "content").ok());
  reader.join();
  EXPECT_EQ(read, "content");
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(WholeFile, IsWrittenItselfWhereNothingCanBeBesideIt) {
  const std::string name(255, 'x');  // no longer one can be
  EXPECT_TRUE(CheckWholeFile(Path(name)).ok());
  EXPECT_EQ(Entries(), 0);
  EXPECT_TRUE(WriteWholeFile(Path(name), "content").ok());
  EXPECT_EQ(Read(Path(name)), "content");
  if (geteuid() == 0) {
    return;  // who may do anything
  }
  std::ofstream(Path("a")) << "old";
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_TRUE(CheckWholeFile(Path("a")).ok());
  EXPECT_TRUE(WriteWholeFile(Path("a"), "new").ok());
  EXPECT_EQ(Read(Path("a")), "new");
  EXPECT_EQ(CheckWholeFile(Path("b")).message(), "Permission denied");
  fs::permissions(folder_, fs::perms::owner_all);
}

TEST_F(WholeFile, SaysWhyItCannotBe) {
  for (const auto& write :
       {CheckWholeFile, +[](const std::string& path) { return WriteWholeFile(path, "x"); }}) {
    EXPECT_EQ(write(Path("no/such")).code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(write(Path("no/such")).message(), "No such file or directory");
    EXPECT_EQ(write(folder_.string()).message(), "Is a directory");
  }
  EXPECT_EQ(Entries(), 0);
}

}  // namespace
}  // namespace lockstep
