// What handleSummary() is given, and what --summary-export writes.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/common/summary/recorder.h"

namespace lockstep {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

// 0.95 * 7 is 6.6499999999999995 in doubles, so the 95th percentile of 1 to 8 is
// 7.6499999999999995, in k6 too.
TEST(HandleSummaryData, HasK6sShape) {
  Recorder recorder = KnownMetrics();
  recorder.Thresholds({{"k_tre", {{"avg<5"}, {"avg>5"}}}, {"k_cnt{k:none}", {{"count==0"}}}});
  AddKnown(&recorder);
  const json data =
      HandleSummaryData(recorder.Build(absl::Milliseconds(1500)),
                        {.stdout_is_tty = true, .setup_data_json = R"json({"a":1})json"});
  EXPECT_EQ(
      data["metrics"]["k_tre"],
      json::parse(
          R"json({"type": "trend", "contains": "default", "values": {"avg": 4.5, "min": 1, "med": 4.5, "max": 8, "p(90)": 7.3, "p(95)": 7.6499999999999995}, "thresholds": {"avg<5": {"ok": true}, "avg>5": {"ok": false}}})json"));
  EXPECT_EQ(data["metrics"]["k_gau"]["values"],
            json::parse(R"json({"value": 8, "min": 1, "max": 8})json"));
  EXPECT_EQ(data["metrics"]["k_rat"]["values"],
            json::parse(R"json({"rate": 0.25, "passes": 2, "fails": 6})json"));
  EXPECT_EQ(data["metrics"]["k_cnt"]["values"],
            json::parse(R"json({"count": 36, "rate": 24})json"));
  EXPECT_EQ(data["metrics"]["k_cnt{k:none}"]["values"]["count"], 0);
  EXPECT_FALSE(data["metrics"].contains("http_reqs"));
  EXPECT_FALSE(data["metrics"].contains("vus"));
  EXPECT_EQ(
      data["options"],
      json::parse(
          R"json({"summaryTrendStats": ["avg", "min", "med", "max", "p(90)", "p(95)"], "summaryTimeUnit": "", "noColor": false})json"));
  EXPECT_EQ(
      data["state"],
      json::parse(
          R"json({"isStdOutTTY": true, "isStdErrTTY": false, "testRunDurationMs": 1500})json"));
  EXPECT_EQ(data["setup_data"], json::parse(R"json({"a": 1})json"));
}

TEST(HandleSummaryData, LeavesTheRowOfFailuresToTheText) {
  const json metrics = HandleSummaryData(HttpRun(true).Build(absl::Seconds(10)), {})["metrics"];
  EXPECT_TRUE(metrics.contains("http_req_duration{expected_response:true}"));
  EXPECT_FALSE(metrics.contains("http_req_duration{expected_response:false}"));
  EXPECT_FALSE(metrics.contains("http_reqs_errors"));
  EXPECT_FALSE(metrics.contains("http_req_duration_errors"));
}

TEST(HandleSummaryData, HasTheMetricsOfErrorsThatWereAskedFor) {
  const json by_option = HandleSummaryData(
      HttpRun(true).Build(absl::Seconds(10), {.http_errors = true}), {})["metrics"];
  EXPECT_EQ(by_option["http_reqs_errors"]["values"]["count"], 2);
  EXPECT_EQ(by_option["http_req_duration_errors"]["values"]["max"], 1110);
  Recorder recorder;
  recorder.Thresholds({{"http_reqs_errors", {{"count<9"}}}}).Add("http_reqs_errors", {1, 1});
  const json by_threshold = HandleSummaryData(recorder.Build(absl::Seconds(1)), {})["metrics"];
  EXPECT_EQ(by_threshold["http_reqs_errors"]["values"]["count"], 2);
}

TEST(HandleSummaryData, KeepsGroupsAndChecksInTheOrderInWhichTheyWereSeen) {
  Recorder recorder;
  const auto check = [](const char* name, const char* group) {
    return TagList{{"check", name}, {"group", group}};
  };
  recorder.Add("checks", {1}, check("a", "")).Add("checks", {0}, check("b", ""));
  recorder.Add("group_duration", {1}, {{"group", "::g1::g2"}})
      .Add("checks", {1}, check("a", "::g1"));
  recorder.Add("group_duration", {1}, {{"group", "::g1"}})
      .Add("group_duration", {1}, {{"group", "::g0"}});
  recorder.Add("checks", {0}, check("throws", ""))
      .Add("checks", {1}, check("after", ""))
      .Add("checks", {1}, check("a", ""));
  const json root = HandleSummaryData(recorder.Build(absl::Seconds(1)), {})["root_group"];
  std::vector<std::string> names;
  for (const json& each : root["checks"]) {
    names.push_back(each["name"]);
  }
  EXPECT_THAT(names, ElementsAre("a", "b", "throws", "after"));
  EXPECT_EQ(root["path"], "");
  EXPECT_EQ(root["id"], "d41d8cd98f00b204e9800998ecf8427e");  // MD5 of nothing
  ASSERT_EQ(root["groups"].size(), 2u);
  EXPECT_EQ(root["groups"][0]["name"], "g1");
  EXPECT_EQ(root["groups"][0]["groups"][0]["path"], "::g1::g2");
  EXPECT_EQ(root["groups"][0]["checks"][0]["path"], "::g1::a");
  EXPECT_EQ(root["groups"][1]["name"], "g0");
  EXPECT_EQ(root["checks"][0]["passes"], 2);
  EXPECT_EQ(root["checks"][1]["fails"], 1);
}

TEST(SummaryExport, HasTheOlderShapeInWhichTrueMeansFailed) {
  Recorder recorder = KnownMetrics();
  recorder.Thresholds({{"k_tre", {{"avg<5"}, {"avg>5"}}}});
  AddKnown(&recorder);
  recorder.Add("checks", {1}, {{"check", "c"}, {"group", "::g"}});
  const json data = SummaryExport(recorder.Build(absl::Seconds(2)));
  EXPECT_EQ(
      data["metrics"]["k_tre"],
      json::parse(
          R"json({"avg": 4.5, "min": 1, "med": 4.5, "max": 8, "p(90)": 7.3, "p(95)": 7.6499999999999995, "thresholds": {"avg<5": false, "avg>5": true}})json"));
  EXPECT_EQ(data["metrics"]["k_rat"],
            json::parse(R"json({"value": 0.25, "passes": 2, "fails": 6})json"));
  EXPECT_EQ(data.size(), 2u);
  EXPECT_EQ(data["root_group"]["groups"]["g"]["checks"]["c"]["passes"], 1);
}

}  // namespace
}  // namespace lockstep
