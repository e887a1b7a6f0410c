#include "coordinator/output/report_outputs.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/result/result.h"

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;

class ReportOutputsTest : public ::testing::Test {
 public:
  ~ReportOutputsTest() override { std::filesystem::remove_all(folder_); }

 protected:
  ReportOutputsTest()
      : folder_(std::filesystem::path(::testing::TempDir()) /
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
    context_.version = "9.9";
    SummaryMetric duration;
    duration.key = "http_req_duration";
    duration.type = MetricType::kTrend;
    duration.contains = ValueType::kTime;
    duration.values = {{"avg", 12.5}, {"count", 3}};
    duration.thresholds = {
        {.expression = R"(p(95)<"10")", .method = "p(95)", .ok = false, .value = 12.5},
        {.expression = "avg<100", .method = "avg", .ok = true, .value = {}}};
    SummaryMetric failed;
    failed.key = "http_req_failed{a_b:c|d}";
    failed.type = MetricType::kRate;
    failed.values = {{"rate", 0.5}, {"passes", 1}, {"fails", 1}};
    summary_.metrics = {duration, failed};
    summary_.duration = absl::Milliseconds(2500);
    summary_.thresholds_ok = false;
    summary_.root.checks = {{.name = "status & <ok>",
                             .path = "::status & <ok>",
                             .first_seen = {},
                             .passes = 2,
                             .fails = 1}};
    summary_.root.groups.push_back({.name = "login",
                                    .path = "::login",
                                    .checks = {{.name = "bell \a \xff",
                                                .path = "::login::bell \a \xff",
                                                .first_seen = {},
                                                .passes = 4,
                                                .fails = 0}},
                                    .groups = {}});
    summary_.lost = {"InfluxDB: 3 of 4 samples were lost"};
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  auto Files() const {
    return std::distance(std::filesystem::directory_iterator(folder_),
                         std::filesystem::directory_iterator());
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  RunReport Report() const {
    return Report(summary_.thresholds_ok ? ExitCode::kSuccess : ExitCode::kThresholdsHaveFailed,
                  "");
  }
  RunReport Report(ExitCode code, absl::string_view reason) const {
    return {.summary = summary_,
            .store = store_,
            .script = "a<b>.js",
            .begin = absl::FromUnixSeconds(1'700'000'000),
            .end = absl::FromUnixSeconds(1'700'000'003),
            .judgement = judgement_,
            .verdict = MakeVerdict(summary_, judgement_, code, reason)};
  }
  absl::Status Run(const std::string& spec) {
    absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput(spec, context_);
    if (!output.ok()) {
      return output.status();
    }
    EXPECT_FALSE((*output)->wants_points());
    if (absl::Status started = (*output)->Start(); !started.ok()) {
      return started;
    }
    EXPECT_TRUE((*output)->Stop().ok());
    return (*output)->Report(Report());
  }

  const std::filesystem::path folder_;
  OutputContext context_;
  Summary summary_;
  Judgement judgement_;
  AggregateStore store_;
};

TEST_F(ReportOutputsTest, WritesThresholdsAndChecksAsJunit) {
  ASSERT_TRUE(Run("junit=" + Path("junit.xml")).ok());
  EXPECT_EQ(
      Read(Path("junit.xml")),
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"a&lt;b&gt;.js\">\n"
      "  <testsuite name=\"run\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" "
      "time=\"2.500\" timestamp=\"2023-11-14T22:13:20\">\n"
      "    <testcase classname=\"run\" name=\"ran to its end\" time=\"0\"/>\n"
      "  </testsuite>\n"
      "  <testsuite name=\"thresholds\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" "
      "time=\"2.500\" timestamp=\"2023-11-14T22:13:20\">\n"
      "    <testcase classname=\"http_req_duration\" name=\"p(95)&lt;&quot;10&quot;\" time=\"0\">\n"
      "      <failure message=\"crossed: p(95)=12.5ms\" type=\"thresholds\"/>\n"
      "    </testcase>\n"
      "    <testcase classname=\"http_req_duration\" name=\"avg&lt;100\" time=\"0\"/>\n"
      "  </testsuite>\n"
      "  <testsuite name=\"checks\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" "
      "time=\"2.500\" timestamp=\"2023-11-14T22:13:20\">\n"
      "    <testcase classname=\"checks\" name=\"status &amp; &lt;ok&gt;\" time=\"0\">\n"
      "      <failure message=\"2 passed, 1 failed\" type=\"checks\"/>\n"
      "    </testcase>\n"
      "    <testcase classname=\"checks::login\" name=\"bell \xEF\xBF\xBD \xEF\xBF\xBD\" "
      "time=\"0\"/>\n"
      "  </testsuite>\n"
      "</testsuites>\n");
  EXPECT_EQ(Files(), 1) << "nothing beside it";
}

TEST_F(ReportOutputsTest, ARunThatFailedByItselfIsAFailureOfJunit) {
  summary_ = Summary();
  for (const ExitCode code : {ExitCode::kScriptException, ExitCode::kScriptAborted,
                              ExitCode::kExternalAbort, ExitCode::kSetupTimeout}) {
    const std::string xml = JunitXml(Report(code, "what had happened"));
    EXPECT_THAT(xml, HasSubstr(R"(name="run" tests="1" failures="1")"));
    EXPECT_THAT(xml,
                HasSubstr(code == ExitCode::kExternalAbort ? "INTERRUPTED" : "what had happened"));
  }
  EXPECT_THAT(JunitXml(Report(ExitCode::kSuccess, "")),
              HasSubstr(R"(name="run" tests="1" failures="0")"));
}

TEST_F(ReportOutputsTest, AppendsMarkdownToTheStepSummary) {
  const std::string file = Path("summary.md");
  context_.environment["GITHUB_STEP_SUMMARY"] = file;
  std::ofstream(file) << "before\n";
  ASSERT_TRUE(Run("github").ok());
  const std::string text = Read(file);
  EXPECT_THAT(text, HasSubstr("before\n## ❌ Load test a&lt;b>.js\n"));
  EXPECT_THAT(text, HasSubstr("| ❌ | http\\_req\\_duration | p(95)&lt;\"10\" | p(95)=12.5ms |\n"));
  EXPECT_THAT(text, HasSubstr("| ✅ | http\\_req\\_duration | avg&lt;100 | no data |\n"));
  EXPECT_THAT(text, HasSubstr("| ❌ | status &amp; &lt;ok> | 2 | 1 |\n"));
  EXPECT_THAT(text, HasSubstr("| http\\_req\\_failed{a\\_b:c\\|d} | 50.00% (1 out of 2) |\n"));
  EXPECT_THAT(text, HasSubstr("avg=12.5ms, count=3 |\n"));
  EXPECT_THAT(text, HasSubstr("InfluxDB: 3 of 4 samples were lost"));
}

TEST_F(ReportOutputsTest, NothingInANameIsReadAsMarkdown) {
  summary_.root.checks[0].name = "[a](http://x) ![b] ~~c~~ $d$ &lt;e>\n|f\x1b[0m";
  EXPECT_THAT(
      GithubMarkdown(Report()),
      HasSubstr("| \\[a\\](http://x) !\\[b\\] \\~\\~c\\~\\~ \\$d\\$ &amp;lt;e> \\|f \\[0m |"));
}

TEST_F(ReportOutputsTest, AFileThatIsAddedToIsNotMadeByALook) {
  const std::string path = Path("step.md");
  absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput("github=" + path, context_);
  EXPECT_TRUE((*output)->Check().ok());
  EXPECT_TRUE((*output)->Start().ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ((*MakeOutput("github=" + Path("missing/step.md"), context_))->Check().message(),
            "cannot write '" + Path("missing/step.md") + "': No such file or directory");
}

TEST_F(ReportOutputsTest, ALostAgentIsInAllReports) {
  judgement_ = {.validity = v1::Health::SUSPECT,
                .reasons = {"agent a_b was lost 3s after the start: gone"},
                .lost = {{.name = "a_b",
                          .when = absl::UnixEpoch(),
                          .after = absl::Seconds(3),
                          .reason = "gone",
                          .missing = "a half"}}};
  ASSERT_TRUE(Run("junit=" + Path("junit.xml")).ok());
  EXPECT_THAT(
      Read(Path("junit.xml")),
      HasSubstr("  <testsuite name=\"generator\" tests=\"1\" failures=\"1\" errors=\"0\" "
                "skipped=\"0\" time=\"2.500\" timestamp=\"2023-11-14T22:13:20\">\n"
                "    <testcase classname=\"generator\" name=\"steady ruler\" time=\"0\">\n"
                "      <failure message=\"SUSPECT: agent a_b was lost 3s after the start: gone\" "
                "type=\"generator\"/>\n"));
  ASSERT_TRUE(Run("github=" + Path("x.md")).ok());
  EXPECT_THAT(Read(Path("x.md")),
              HasSubstr("### Load generator: SUSPECT\n\n- ⚠️ agent a\\_b was lost 3s after the "
                        "start: gone\n"));
  ASSERT_TRUE(Run("result=" + Path("r.json")).ok());
  const absl::StatusOr<RunResult> result = ParseResult(Read(Path("r.json")));
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->lost_agents.size(), 1u);
  EXPECT_EQ(result->lost_agents[0].missing, "a half");
}

TEST_F(ReportOutputsTest, WhatIsOnlySuspectFailsNoTest) {
  judgement_ = {.validity = v1::Health::SUSPECT, .reasons = {"it was late"}, .lost = {}};
  ASSERT_TRUE(Run("junit=" + Path("junit.xml")).ok());
  EXPECT_THAT(Read(Path("junit.xml")), HasSubstr(R"(failures="0" errors="0")"));
  EXPECT_THAT(Read(Path("junit.xml")),
              HasSubstr("      <system-out>SUSPECT: it was late</system-out>\n"));
}

TEST_F(ReportOutputsTest, SaysThatThereIsNoStepSummary) {
  EXPECT_THAT(std::string(Run("github").message()),
              HasSubstr("$GITHUB_STEP_SUMMARY is not set; name a file: github=FILE"));
  EXPECT_TRUE(Run("github=" + Path("x.md")).ok());
}

TEST_F(ReportOutputsTest, WritesAResultThatCanBeRead) {
  ASSERT_TRUE(store_.Merge(VusBatch(absl::UnixEpoch(), 1, 2, {})).ok());
  ASSERT_TRUE(Run("result=" + Path("r.json")).ok());
  const absl::StatusOr<RunResult> result = ParseResult(Read(Path("r.json")));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->script, "a<b>.js");
  EXPECT_EQ(result->version, "9.9");
  EXPECT_EQ(result->duration, absl::Milliseconds(2500));
  EXPECT_EQ(result->metrics.size(), 3u);  // with the one that has just thresholds
  EXPECT_EQ(result->checks.size(), 2u);
}

TEST_F(ReportOutputsTest, RefusesAFileThatCannotBeWrittenBeforeTheStart) {
  for (const char* kind : {"junit", "github", "result"}) {
    EXPECT_EQ(
        Run(absl::StrCat(kind, "=", Path("no/such/folder/x"))).message(),
        absl::StrCat("cannot write '", Path("no/such/folder/x"), "': No such file or directory"));
  }
  EXPECT_THAT(std::string(Run("junit").message()), HasSubstr("a file is needed: junit=FILE"));
}

TEST_F(ReportOutputsTest, LeavesAnOldFileAloneUntilTheRunIsOver) {
  std::ofstream(Path("r.json")) << "old";
  {
    absl::StatusOr<std::unique_ptr<Output>> output =
        MakeOutput("result=" + Path("r.json"), context_);
    ASSERT_TRUE(output.ok() && (*output)->Start().ok());
  }  // a run that never ended
  EXPECT_EQ(Read(Path("r.json")), "old");
  EXPECT_EQ(Files(), 1) << "nothing beside it";
}

TEST_F(ReportOutputsTest, WritesWhatALinkPointsTo) {
  std::filesystem::create_symlink("target.xml", Path("link.xml"));
  ASSERT_TRUE(Run("junit=" + Path("link.xml")).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link.xml")));
  EXPECT_THAT(Read(Path("target.xml")), HasSubstr("<testsuites"));
}

TEST_F(ReportOutputsTest, WritesToADeviceDirectly) {
  EXPECT_TRUE(Run("junit=/dev/null").ok());
  EXPECT_EQ(std::string(Run("junit=/dev/full").message()),
            "cannot write '/dev/full': No space left on device");
}

}  // namespace
}  // namespace lockstep::coordinator
