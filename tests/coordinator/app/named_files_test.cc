#include "coordinator/app/named_files.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Use = NamedFile::Use;

class NamedFilesTest : public ::testing::Test {
 public:
  ~NamedFilesTest() override { std::filesystem::remove_all(folder_); }

 protected:
  NamedFilesTest() : folder_(::testing::TempDir() + "named_files") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  const std::string folder_;
};

TEST_F(NamedFilesTest, OneFileTakesOneOutputByWhateverPath) {
  EXPECT_THAT(ClashesOf({{"--report", Path("a")}, {"-o json", Path("./b/../a")}}),
              ElementsAre("--report, -o json: both name the file \"" + Path("a") +
                          "\", which can hold one of them: name a file for each"));
  EXPECT_THAT(ClashesOf({{"-a", "no_such_file"}, {"-b", "./no_such_file"}}), ::testing::SizeIs(1));
  std::ofstream(Path("c")) << "x";
  std::filesystem::create_hard_link(Path("c"), Path("d"));
  std::filesystem::create_symlink("c", Path("e"));
  EXPECT_THAT(ClashesOf({{"-a", Path("c")}, {"-b", Path("d")}, {"-c", Path("e")}, {"-d", ""}}),
              ElementsAre("-a, -b, -c: all of them name the file \"" + Path("c") +
                          "\", which can hold one of them: name a file for each"));
  EXPECT_THAT(ClashesOf({{"-a", Path("c")}, {"-b", Path("other")}, {"-c", ""}, {"-d", ""}}),
              IsEmpty());
}

TEST_F(NamedFilesTest, WhatIsReadIsNotWrittenOver) {
  std::ofstream(Path("s.js")) << "x";
  EXPECT_THAT(ClashesOf({{"the script", Path("s.js"), Use::kRead}, {"--report", Path("./s.js")}}),
              ElementsAre("--report: \"" + Path("s.js") +
                          "\" would be written over, and is the script: name another file"));
  EXPECT_THAT(
      ClashesOf({{"the script", Path("s.js"), Use::kRead}, {"--log", Path("s.js"), Use::kAppend}}),
      ::testing::SizeIs(1));
  EXPECT_THAT(ClashesOf({{"one", Path("s.js"), Use::kRead}, {"two", Path("s.js"), Use::kRead}}),
              IsEmpty());
}

TEST_F(NamedFilesTest, SeveralMayAddToOneFileAndWriteToDevicesAndPipes) {
  EXPECT_THAT(ClashesOf({{"-a", Path("log"), Use::kAppend}, {"-b", Path("log"), Use::kAppend}}),
              IsEmpty());
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  for (const std::string& path :
       {std::string("/dev/stdout"), std::string("/dev/null"), std::string("-"), Path("pipe")}) {
    EXPECT_THAT(ClashesOf({{"-a", path}, {"-b", path}}), IsEmpty()) << path;
  }
}

TEST_F(NamedFilesTest, ACommandReadsItsResultsAndItsTest) {
  ReportCommand report;
  report.result = "r";
  EXPECT_EQ(ReadFilesOf(Command(report)).front().path, "r");
  RunCommand run;
  run.test.script = "s";
  EXPECT_EQ(ReadFilesOf(Command(run)).front().path, "s");
  EXPECT_THAT(ReadFilesOf(Command(VersionCommand())), IsEmpty());
}

}  // namespace
}  // namespace lockstep::coordinator
