#include "coordinator/output/output.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace lockstep::coordinator {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

Batch TwoPoints() {
  Batch batch;
  batch.metrics = {{.name = "my_trend", .type = MetricType::kTrend, .contains = ValueType::kTime},
                   {.name = "http_reqs", .type = MetricType::kCounter}};
  batch.tag_sets = {
      {{"group", ""}, {MetadataKey("iter"), "4"}, {"run", "r1"}, {"url", "http://x/?a=1,2"}},
      {{"name", "say \"hi\""}, {"status", "200"}}};
  batch.points = {{.unix_nanos = 1700000000500000000, .metric = 0, .tag_set = 0, .value = 0.5},
                  {.unix_nanos = 1700000001000000000, .metric = 1, .tag_set = 1, .value = 1},
                  {.unix_nanos = 1700000001000000001, .metric = 0, .tag_set = 0, .value = 1.5}};
  return batch;
}

// As long as it is there, files may have so many bytes, and writes beyond them fail: a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : signal_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, signal_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  sighandler_t signal_;
  rlimit before_ = {};
};

std::string Unpacked(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  std::string text;
  std::string part(100'000, '\0');
  int size = 0;
  while ((size = gzread(file, part.data(), static_cast<unsigned>(part.size()))) > 0) {
    text.append(part, 0, static_cast<size_t>(size));
  }
  EXPECT_EQ(size, 0) << "the stream breaks off";
  gzclose(file);
  return text;
}

class OutputTest : public ::testing::Test {
 public:
  ~OutputTest() override { std::filesystem::remove_all(folder_); }

 protected:
  OutputTest()
      : folder_(std::filesystem::path(::testing::TempDir()) /
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
    context_.write_stdout = [this](absl::string_view text) {
      stdout_.append(text.data(), text.size());
      return true;
    };
    context_.system_tags = {"url", "status", "name", "group", "check", "error", "iter"};
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void WriteTwice(const std::string& spec) {
    absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput(spec, context_);
    ASSERT_TRUE(output.ok()) << output.status();
    ASSERT_TRUE((*output)->Start().ok());
    (*output)->Write(TwoPoints());
    (*output)->Flush();
    (*output)->Write(TwoPoints());
    ASSERT_TRUE((*output)->Stop().ok());
  }

  std::filesystem::path folder_;
  OutputContext context_;
  std::string stdout_;
};

std::vector<json> Lines(const std::string& text) {
  std::vector<json> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    lines.push_back(json::parse(line.begin(), line.end()));
  }
  return lines;
}

TEST_F(OutputTest, JsonDefinesEachMetricOnceAndThenWritesItsPoints) {
  WriteTwice("json=" + Path("o.json"));
  const std::vector<json> lines = Lines(Read(Path("o.json")));
  ASSERT_EQ(lines.size(), 2u + 6u);
  EXPECT_EQ(lines[0],
            json::parse(R"({"type": "Metric", "metric": "my_trend", "data": {"name": "my_trend",
      "type": "trend", "contains": "time", "thresholds": [], "submetrics": null}})"));
  EXPECT_EQ(lines[1], json::parse(R"({"type": "Point", "metric": "my_trend", "data": {
      "time": "2023-11-14T22:13:20.5Z", "value": 0.5, "tags": {"group": "", "run": "r1", "url": "http://x/?a=1,2"},
      "metadata": {"iter": "4"}}})"));
  EXPECT_EQ(lines[2]["type"], "Metric");
  EXPECT_EQ(lines[3]["data"]["time"], "2023-11-14T22:13:21Z");
  EXPECT_EQ(lines[4]["data"]["time"], "2023-11-14T22:13:21.000000001Z");
}

TEST_F(OutputTest, JsonDefinesMetricsWithTheirThresholdsAndSubmetrics) {
  context_.thresholds = {
      {"my_trend", {{"avg<1"}, {"p(95)<5", true, absl::Seconds(90)}, {"max<9", true}}},
      {"my_trend{a:b,c:d}", {{"avg<2"}}}};
  WriteTwice("json");
  const std::vector<std::string> lines = absl::StrSplit(stdout_, '\n');
  const json trend = json::parse(lines[0])["data"];
  EXPECT_EQ(trend["thresholds"], json::parse(R"(["avg<1",
      {"threshold": "p(95)<5", "abortOnFail": true, "delayAbortEval": "1m30s"},
      {"threshold": "max<9", "abortOnFail": true, "delayAbortEval": null}])"));
  EXPECT_EQ(trend["submetrics"], json::parse(R"([{"name": "my_trend{a:b,c:d}",
      "suffix": "a:b,c:d", "tags": {"a": "b", "c": "d"}}])"));
  const json reqs = json::parse(lines[2])["data"];
  EXPECT_EQ(reqs["name"], "http_reqs");
  EXPECT_EQ(reqs["thresholds"], json::array());
  EXPECT_EQ(reqs["submetrics"], nullptr);
}

TEST_F(OutputTest, JsonDefinesTheSubmetricThatEveryTestHas) {
  const absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput("json", context_);
  ASSERT_TRUE(output.ok());
  Batch batch = TwoPoints();
  batch.metrics[0].name = "http_req_duration";
  (*output)->Write(batch);
  ASSERT_TRUE((*output)->Stop().ok());
  EXPECT_EQ(Lines(stdout_)[0]["data"]["submetrics"],
            json::parse(R"([{"name": "http_req_duration{expected_response:true}",
      "suffix": "expected_response:true", "tags": {"expected_response": "true"}}])"));
}

TEST_F(OutputTest, JsonGoesToStandardOutputWithoutAName) {
  WriteTwice("json");
  EXPECT_EQ(Lines(stdout_).size(), 8u);
}

TEST_F(OutputTest, JsonCompressesWhenTheNameEndsInGz) {
  WriteTwice("json=" + Path("o.ndjson.gz"));
  EXPECT_EQ(Read(Path("o.ndjson.gz")).substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(Lines(Unpacked(Path("o.ndjson.gz"))).size(), 8u);
}

TEST_F(OutputTest, ACompressedFileWithoutALineIsAStreamAllTheSame) {
  absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput("json=" + Path("o.gz"), context_);
  ASSERT_TRUE((*output)->Start().ok());
  ASSERT_TRUE((*output)->Stop().ok());
  EXPECT_EQ(Read(Path("o.gz")).substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(Unpacked(Path("o.gz")), "");
}

TEST_F(OutputTest, JsonReplacesBytesThatAreNoUtf8) {
  absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput("json", context_);
  Batch batch = TwoPoints();
  batch.tag_sets[0] = {{"bad", "\xff"}};
  (*output)->Write(batch);
  ASSERT_TRUE((*output)->Stop().ok());
  EXPECT_EQ(Lines(stdout_)[1]["data"]["tags"]["bad"], "\xEF\xBF\xBD");
}

TEST_F(OutputTest, CsvHasAColumnForEachSystemTagAndTheRestInExtraTags) {
  WriteTwice("csv=" + Path("o.csv"));
  const std::vector<std::string> lines = absl::StrSplit(Read(Path("o.csv")), '\n');
  EXPECT_EQ(
      lines[0],
      "metric_name,timestamp,metric_value,check,error,group,name,status,url,extra_tags,metadata");
  EXPECT_EQ(lines[1], "my_trend,1700000000,0.500000,,,,,,\"http://x/?a=1,2\",run=r1,iter=4");
  EXPECT_EQ(lines[2], "http_reqs,1700000001,1.000000,,,,\"say \"\"hi\"\"\",200,,,");
  EXPECT_EQ(lines.size(), 1u + 6u + 1u);
}

TEST_F(OutputTest, CsvTakesItsSettingsFromArgumentAndEnvironment) {
  WriteTwice("csv=fileName=" + Path("a.csv") + ",timeFormat=unix_nano,saveInterval=1s");
  EXPECT_THAT(Read(Path("a.csv")), HasSubstr("my_trend,1700000000500000000,"));
  context_.environment = {{"K6_CSV_FILENAME", Path("a.csv")},
                          {"LOCKSTEP_CSV_FILENAME", Path("b.csv")},
                          {"K6_CSV_TIME_FORMAT", "rfc3339"}};
  WriteTwice("csv");
  EXPECT_THAT(Read(Path("b.csv")), HasSubstr("my_trend,2023-11-14T22:13:20Z,"));
}

TEST_F(OutputTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(
      MakeOutput("xml=x", context_).status().message(),
      "invalid output type 'xml', available types are: csv, experimental-prometheus-rw, github, "
      "influxdb, json, junit, opentelemetry, report, result, statsd, web-dashboard");
  EXPECT_THAT(std::string(MakeOutput("csv=fileName=x,colour=red", context_).status().message()),
              HasSubstr("unknown setting 'colour=red'"));
  EXPECT_THAT(std::string(MakeOutput("csv=timeFormat=stardate", context_).status().message()),
              HasSubstr("timeFormat: invalid value \"stardate\": expected one of unix, "));
}

TEST_F(OutputTest, RefusesIntervalsOfCsvThatAreNone) {
  EXPECT_EQ(MakeOutput("csv=saveInterval=x", context_).status().message(),
            "saveInterval: invalid value \"x\": expected a duration above 0, such as 5s");
  for (const char* variable : {"K6_CSV_SAVE_INTERVAL", "LOCKSTEP_CSV_SAVE_INTERVAL"}) {
    context_.environment = {{variable, "x"}};
    EXPECT_EQ(
        MakeOutput("csv", context_).status().message(),
        absl::StrCat(variable, ": invalid value \"x\": expected a duration above 0, such as 5s"));
  }
}

TEST_F(OutputTest, SaysBeforeTheRunWhichFileCannotBeWritten) {
  for (const std::string type : {"json", "csv"}) {
    const std::string path = Path("missing/o.txt");
    absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput(type + "=" + path, context_);
    ASSERT_TRUE(output.ok());
    EXPECT_EQ((*output)->Start().message(),
              "cannot write '" + path + "': No such file or directory");
  }
}

TEST_F(OutputTest, ReportsAFullDiskWhenItStops) {
  absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput("json=/dev/full", context_);
  ASSERT_TRUE((*output)->Start().ok());
  (*output)->Write(TwoPoints());
  (*output)->Flush();
  (*output)->Write(TwoPoints());
  EXPECT_THAT(std::string((*output)->Stop().message()),
              HasSubstr("cannot write '/dev/full': No space left"));
  // Two lines that define metrics, and twice three samples.
  EXPECT_EQ((*output)->Lost(),
            "json (/dev/full): 8 of 8 lines were lost: cannot write '/dev/full': No space left on "
            "device");
}

// 3 samples, of which the disk takes the head of the file, two lines and a part of the third.
TEST_F(OutputTest, KeepsTheWholeLinesThatAFullDiskHasTakenAndCountsTheOthers) {
  WriteTwice("csv=" + Path("whole.csv"));
  const std::string whole = Read(Path("whole.csv"));
  size_t end = 0;
  for (int i = 0; i < 3; ++i) {
    end = whole.find('\n', end) + 1;
  }
  absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput("csv=" + Path("o.csv"), context_);
  ASSERT_TRUE((*output)->Start().ok());
  (*output)->Write(TwoPoints());
  {
    const FullDisk full(end + 5);
    (*output)->Flush();
    (*output)->Write(TwoPoints());
    EXPECT_FALSE((*output)->Stop().ok());
  }
  EXPECT_EQ(Read(Path("o.csv")), whole.substr(0, end));
  EXPECT_EQ((*output)->Lost(), "csv (" + Path("o.csv") +
                                   "): 4 of 7 lines were lost: cannot write '" + Path("o.csv") +
                                   "': File too large");
}

TEST_F(OutputTest, KeepsTheWholeStreamsThatAFullDiskHasTaken) {
  absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput("csv=" + Path("o.csv.gz"), context_);
  ASSERT_TRUE((*output)->Start().ok());
  (*output)->Write(TwoPoints());
  (*output)->Flush();
  const std::string first = Unpacked(Path("o.csv.gz"));
  {
    const FullDisk full(Read(Path("o.csv.gz")).size() + 20);
    (*output)->Write(TwoPoints());
    EXPECT_FALSE((*output)->Stop().ok());
  }
  EXPECT_EQ(Unpacked(Path("o.csv.gz")), first);
  EXPECT_THAT(*(*output)->Lost(), HasSubstr(": 3 of 7 lines were lost: "));
}

// More than a pipe holds, in words that cannot be packed well, before anybody reads.
TEST_F(OutputTest, CompressedLinesForAPipeWaitForNobody) {
  const std::string path = Path("pipe.gz");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput("csv=" + path, context_);
  ASSERT_TRUE((*output)->Start().ok());
  Batch batch = TwoPoints();
  std::mt19937 random(1);
  batch.tag_sets[0] = {{"url", std::string(size_t{1} << 20, 'x')}};
  for (char& c : batch.tag_sets[0][0].second) {
    c = static_cast<char>('0' + random() % 64);
  }
  (*output)->Write(batch);
  (*output)->Flush();
  fcntl(reader, F_SETFL, 0);
  std::thread reads([&] {
    std::ofstream copy(Path("copy.gz"), std::ios::binary);
    std::string part(size_t{1} << 16, '\0');
    for (ssize_t n = 0; (n = read(reader, part.data(), part.size())) > 0;) {
      copy.write(part.data(), n);
    }
  });
  EXPECT_TRUE((*output)->Stop().ok());
  output->reset();
  reads.join();
  close(reader);
  const std::vector<std::string> lines = absl::StrSplit(Unpacked(Path("copy.gz")), '\n');
  EXPECT_EQ(lines.size(), 1u + 3u + 1u);
}

TEST_F(OutputTest, LosesNothingWhenAllIsWritten) {
  absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput("csv=" + Path("o.csv"), context_);
  ASSERT_TRUE((*output)->Start().ok());
  (*output)->Write(TwoPoints());
  ASSERT_TRUE((*output)->Stop().ok());
  EXPECT_EQ((*output)->Lost(), std::nullopt);
}

TEST_F(OutputTest, DescribesItself) {
  EXPECT_EQ((*MakeOutput("json=x.json", context_))->Description(), "json (x.json)");
  EXPECT_EQ((*MakeOutput("json", context_))->Description(), "json (stdout)");
  EXPECT_EQ((*MakeOutput("csv", context_))->Description(), "csv (file.csv)");
}

}  // namespace
}  // namespace lockstep::coordinator
