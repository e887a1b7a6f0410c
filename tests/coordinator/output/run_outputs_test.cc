// What a run's outputs do together; each by itself is in output_test.cc and a file of its own.
#include "coordinator/output/run_outputs.h"

#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/collecting_logger.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

OutputContext Silent() {
  OutputContext context;
  context.write_stdout = [](absl::string_view) { return true; };
  return context;
}

Batch OnePoint() {
  Batch batch;
  batch.metrics = {{.name = "http_reqs", .type = MetricType::kCounter}};
  batch.tag_sets = {{}};
  batch.points = {{.unix_nanos = 1, .metric = 0, .tag_set = 0, .value = 1}};
  return batch;
}

TEST(RunOutputs, SaysAtOnceWhichCannotBeOpened) {
  const std::string file = ::testing::TempDir() + "no_such_folder_of_outputs/a.csv";
  RunOutputs outputs;
  const absl::Status started = outputs.Start({"json", "nope=x", "csv=" + file}, Silent());
  EXPECT_EQ(absl::StatusCode::kUnavailable, started.code());
  EXPECT_THAT(
      std::vector<std::string>(absl::StrSplit(started.message(), '\n')),
      ElementsAre(StartsWith("-o nope: invalid output type 'nope', available types are: csv, "),
                  HasSubstr(file)));
}

TEST(RunOutputs, WantsPointsIfOneOfThemDoes) {
  RunOutputs none;
  RunOutputs report;
  RunOutputs both;
  const std::string file = ::testing::TempDir() + "/wants_points.xml";
  ASSERT_TRUE(none.Start({}, Silent()).ok());
  ASSERT_TRUE(report.Start({"junit=" + file}, Silent()).ok());
  ASSERT_TRUE(both.Start({"junit=" + file, "json"}, Silent()).ok());
  EXPECT_FALSE(none.want_points());
  EXPECT_FALSE(report.want_points());
  EXPECT_TRUE(both.want_points());
  std::filesystem::remove(file);
}

TEST(RunOutputs, TellsWhatOneLostWhileTheOtherIsWritten) {
  std::string printed;
  OutputContext context = Silent();
  context.write_stdout = [&](absl::string_view text) {
    printed.append(text.data(), text.size());
    return true;
  };
  lockstep::testing::CollectingLogger logger;
  RunOutputs outputs;
  ASSERT_TRUE(outputs.Start({"csv=/dev/full", "json"}, context).ok());
  EXPECT_THAT(outputs.Descriptions(), ElementsAre("csv (/dev/full)", "json (stdout)"));
  outputs.Write(OnePoint());
  EXPECT_THAT(outputs.Lost(), IsEmpty()) << "what waits is not lost";
  outputs.Flush();
  outputs.TellOfTrouble(logger);
  outputs.TellOfTrouble(logger);  // once is enough
  EXPECT_THAT(logger.messages, ElementsAre(StartsWith("csv (/dev/full): 2 of 2 lines were lost")));
  logger.messages.clear();
  outputs.Stop(logger);
  const std::vector<std::string> lost = outputs.Lost();
  EXPECT_THAT(lost, ElementsAre(StartsWith("csv (/dev/full): ")));
  EXPECT_THAT(logger.messages, ElementsAre(HasSubstr("/dev/full"), lost[0]));
  EXPECT_FALSE(outputs.files().ok());
  EXPECT_THAT(printed, HasSubstr(R"("metric":"http_reqs")"));
}

TEST(RunOutputs, CountsTheLinesThatStandardOutputHasNoRoomFor) {
  OutputContext context = Silent();
  bool room = false;
  context.write_stdout = [&](absl::string_view) { return room; };
  lockstep::testing::CollectingLogger logger;
  RunOutputs outputs;
  ASSERT_TRUE(outputs.Start({"csv=-"}, context).ok());
  outputs.Write(OnePoint());  // below the head
  outputs.Flush();
  room = true;
  outputs.Write(OnePoint());
  outputs.Stop(logger);
  EXPECT_THAT(outputs.Lost(),
              ElementsAre("csv (stdout): 2 of 3 lines were lost: cannot write all to standard "
                          "output: its reader has fallen behind too far"));
  EXPECT_FALSE(outputs.files().ok()) << "which makes the exit code";
}

TEST(RunOutputs, NeedsAReaderOfAPipe) {
  const std::string path = ::testing::TempDir() + "run_outputs.pipe";
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  for (const char* name : {"csv", "junit", "github"}) {
    RunOutputs outputs;
    EXPECT_EQ(outputs.Start({absl::StrCat(name, "=", path)}, Silent()).message(),
              absl::StrCat("-o ", name, ": cannot write '", path,
                           "': nobody reads this pipe; start its reader first"));
  }
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  lockstep::testing::CollectingLogger logger;
  RunOutputs outputs;
  ASSERT_TRUE(outputs.Start({"csv=" + path}, Silent()).ok());
  outputs.Stop(logger);
  EXPECT_THAT(outputs.Lost(), IsEmpty());
  char first = 0;
  EXPECT_EQ(read(reader, &first, 1), 1);
  EXPECT_EQ(first, 'm');  // metric_name
  close(reader);
  std::filesystem::remove(path);
}

TEST(RunOutputs, IsSilentWhenAllIsWritten) {
  lockstep::testing::CollectingLogger logger;
  RunOutputs outputs;
  ASSERT_TRUE(outputs.Start({"json"}, Silent()).ok());
  outputs.Write(OnePoint());
  outputs.Stop(logger);
  EXPECT_THAT(outputs.Lost(), IsEmpty());
  EXPECT_TRUE(outputs.files().ok());
  EXPECT_THAT(logger.messages, IsEmpty());
}

}  // namespace
}  // namespace lockstep::coordinator
