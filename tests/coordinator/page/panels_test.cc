#include "coordinator/page/panels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/coordinator/page/sample_model.h"

namespace lockstep::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PanelsTest : public ::testing::Test {
 protected:
  PageModel model{.result = SampleResult()};
  std::string Panel(const std::string& name) const { return RenderPanels(model).at(name); }
  v1::RunStatus& Live(v1::RunStatus::State state) {
    model.status.emplace().set_state(state);
    return *model.status;
  }
};

TEST_F(PanelsTest, AFailedThresholdFailsTheRun) {
  EXPECT_THAT(Panel("verdict"), AllOf(HasSubstr("verdict bad\"><strong>FAILED</strong>"),
                                      HasSubstr("<span>1 of 2 thresholds</span>"),
                                      HasSubstr("<span>1 of 4 requests failed (25%)</span>"),
                                      HasSubstr("<span>1 of 4 checks failed</span>")));
  Live(v1::RunStatus::RUNNING);
  EXPECT_THAT(Panel("verdict"), HasSubstr("<strong>FAILING</strong>"));
}

TEST_F(PanelsTest, NothingFailedIsQuiet) {
  model.result.verdict.word = VerdictWord::kPassed;
  model.result.metrics[0].thresholds.erase(model.result.metrics[0].thresholds.begin());
  model.result.verdict.thresholds = {.failed = 0, .total = 1};
  model.result.verdict.requests.failed = 0;
  model.result.verdict.checks.failed = 0;
  EXPECT_THAT(Panel("verdict"),
              AllOf(HasSubstr("verdict good\"><strong>PASSED</strong>"),
                    HasSubstr("<span>1 threshold</span>"), Not(HasSubstr("failed"))));
  EXPECT_THAT(Panel("tiles"), Not(HasSubstr("tile bad")));
}

// With setResponseCallback(null) there is no http_req_failed.
TEST_F(PanelsTest, TellsOfFailuresThatNoMetricJudges) {
  model.result.metrics.erase(model.result.metrics.begin() + 3);
  model.result.verdict.word = VerdictWord::kErrors;
  model.result.verdict.exceptions = 2;
  EXPECT_THAT(Panel("verdict"), AllOf(HasSubstr("<span>1 of 4 requests failed (25%)</span>"),
                                      HasSubstr("<span>2 script exceptions</span>")));
  EXPECT_THAT(Panel("tiles"), HasSubstr("<b>25.00%</b><span>1 of 4"));
}

TEST_F(PanelsTest, AnEndedRunHasTheWordOfTheTerminalAndItsReason) {
  model.result.metrics[0].thresholds.clear();
  model.result.verdict.thresholds = {};
  for (const auto& [word, level] :
       std::vector<std::pair<const char*, const char*>>{{"PASSED", "good"},
                                                        {"DONE", "good"},
                                                        {"ERRORS", "warn"},
                                                        {"INTERRUPTED", "warn"},
                                                        {"ABORTED", "bad"}}) {
    model.result.verdict.word = *ParseVerdictWord(word);
    EXPECT_THAT(Panel("verdict"),
                HasSubstr(absl::StrCat("verdict ", level, "\"><strong>", word, "</strong>")));
  }
  model.result.verdict.reason = "interrupted <by> hand";
  EXPECT_THAT(Panel("verdict"), HasSubstr("interrupted &lt;by&gt; hand"));
  model.result.verdict.word = VerdictWord::kErrors;
  Live(v1::RunStatus::RUNNING);
  EXPECT_THAT(Panel("verdict"), HasSubstr("verdict warn\"><strong>ERRORS SO FAR</strong>"));
}

TEST_F(PanelsTest, ErrorsHaveTheirCauseWhereAndWhen) {
  EXPECT_THAT(Panel("errors"), AllOf(HasSubstr("500 &lt;x&gt;</th><td>GET</td><td>/y</td>"),
                                     HasSubstr("data-v=\"12\">12<"), HasSubstr("after 1.5s"),
                                     HasSubstr("a 5, b 7"), HasSubstr("3 further failures")));
}

TEST_F(PanelsTest, AnUnsteadyGeneratorIsAWarningWithItsReasons) {
  model.result.metrics[0].thresholds.clear();
  model.result.verdict.word = VerdictWord::kPassed;
  model.result.validity = v1::Health::SUSPECT;
  model.result.validity_reasons = {"a: late <starts>"};
  EXPECT_THAT(Panel("verdict"),
              AllOf(HasSubstr("verdict warn"), HasSubstr("load generator: SUSPECT"),
                    HasSubstr("<li>a: late &lt;starts&gt;</li>")));
}

// By hand: 4 requests in 2 s; of 10, 40, 40, 40 the ranks from 1 on are 40.
TEST_F(PanelsTest, TilesSayWhatTheSummarySays) {
  EXPECT_THAT(Panel("tiles"),
              AllOf(HasSubstr("<b>2/s</b><span>4 in all"), HasSubstr("<b>25.00%</b><span>1 of 4"),
                    HasSubstr("<b>40ms</b><span>med 40ms, p(99) 40ms"),
                    HasSubstr("VUs, at most</dt><dd><b>3</b><span>5 initialised"),
                    HasSubstr("<b>2</b><span>1/s on average")));
  v1::RunStatus& status = Live(v1::RunStatus::RUNNING);
  status.set_vus(2);
  status.set_vus_max(5);
  status.mutable_load()->set_http_reqs_per_s(77.5);
  EXPECT_THAT(Panel("tiles"), AllOf(HasSubstr("<b>77.5/s</b>"),
                                    HasSubstr("VUs at work</dt><dd><b>2</b><span>5 initialised")));
}

TEST_F(PanelsTest, AThresholdSaysWhenItFirstFailed) {
  EXPECT_THAT(Panel("thresholds"),
              AllOf(HasSubstr("<tr class=\"bad\"><th scope=\"row\">http_req_duration</th>"
                              "<td>p(95)&lt;20</td><td class=\"bad\">failed</td>"),
                    HasSubstr("38.5ms"), HasSubstr("after 1.5s"),
                    HasSubstr("<td>avg&lt;100</td><td class=\"good\">passed</td>")));
  model.result.metrics[0].thresholds[0].ok = true;
  EXPECT_THAT(Panel("thresholds"), HasSubstr("passed, after failing"));
  model.result.metrics[0].thresholds[1].value.reset();
  EXPECT_THAT(Panel("thresholds"), HasSubstr("<td>no data</td>"));
}

TEST_F(PanelsTest, TablesHaveTheirRowsAndNothingUnescaped) {
  EXPECT_THAT(Panel("requests"), AllOf(HasSubstr("GET http://x/?a=&lt;1&gt;</th>"),
                                       HasSubstr("data-v=\"0.25\">25.00%"), HasSubstr("39.7ms")));
  EXPECT_THAT(Panel("durations"), AllOf(HasSubstr("as expected"), HasSubstr("failed"),
                                        HasSubstr("data-v=\"3\">3<"), HasSubstr(">all<")));
  EXPECT_THAT(Panel("checks"), AllOf(HasSubstr(">login::fine</th>"), HasSubstr("75.00%")));
  EXPECT_THAT(Panel("scenarios"),
              AllOf(HasSubstr("constant-vus"), HasSubstr("bad\" data-v=\"7\">7")));
  EXPECT_THAT(Panel("metrics"), AllOf(HasSubstr(">http_reqs</th>"), HasSubstr("1 of 4")));
  EXPECT_THAT(Panel("log"), HasSubstr("it &lt;failed&gt;"));
  EXPECT_THAT(Panel("environment"),
              AllOf(HasSubstr("Linux &lt;6&gt;"), HasSubstr("&quot;vus&quot;: 3"),
                    HasSubstr("2023-11-14 22:13:20 UTC")));
}

TEST_F(PanelsTest, FoldedNamesAreTold) {
  model.result.history->folded_names = 12;
  EXPECT_THAT(Panel("requests"), HasSubstr("12 further names share one row"));
}

TEST_F(PanelsTest, AResultWithoutHistoryHasItsOtherTables) {
  model.result.history.reset();
  EXPECT_THAT(Panel("requests"), IsEmpty());
  EXPECT_THAT(Panel("log"), IsEmpty());
  EXPECT_THAT(Panel("metrics"), HasSubstr("http_reqs"));
  EXPECT_THAT(Panel("environment"), HasSubstr("9.9"));
}

TEST_F(PanelsTest, AgentsAreShownAndLostOnesNamed) {
  v1::AgentStatus& agent = *Live(v1::RunStatus::RUNNING).add_agents();
  agent.set_name("<a>");
  agent.set_state(v1::AgentStatus::LOST);
  agent.mutable_load()->set_http_reqs_failed(3);
  model.result.lost_agents = {{.name = "<a>",
                               .when = absl::UnixEpoch(),
                               .after = absl::Seconds(3),
                               .reason = "no word",
                               .missing = "1 VU"}};
  EXPECT_THAT(Panel("agents"), AllOf(HasSubstr("&lt;a&gt;</th><td class=\"bad\">lost"),
                                     HasSubstr("after 3s"), HasSubstr("no word")));
}

TEST_F(PanelsTest, AComparisonNamesWhatIsWorse) {
  PageBaseline baseline{.result = SampleResult(), .report = {}, .config = {}};
  baseline.report.comparisons = {{.subject = "http_req_duration",
                                  .what = "med",
                                  .type = MetricType::kTrend,
                                  .contains = ValueType::kTime,
                                  .base = 20,
                                  .fresh = 30,
                                  .change = 0.5,
                                  .p_value = 0.00001,
                                  .superior = {},
                                  .verdict = ComparisonVerdict::kWorse}};
  baseline.report.only_in_base = {"old_metric"};
  EXPECT_THAT(RenderComparison(baseline),
              AllOf(HasSubstr("WORSE than the baseline"), HasSubstr("http_req_duration med"),
                    HasSubstr("+50.0%"), HasSubstr("worse (p&lt;0.0001)"),
                    HasSubstr("<li>old_metric</li>")));
  baseline.report.comparisons[0].verdict = ComparisonVerdict::kSame;
  EXPECT_THAT(RenderComparison(baseline), HasSubstr("No regression"));
  baseline.report.vanished = {"http_reqs"};
  EXPECT_THAT(RenderComparison(baseline),
              AllOf(HasSubstr("WORSE than the baseline"),
                    HasSubstr("none in the new run</h3><ul><li>http_reqs</li>")));
}

}  // namespace
}  // namespace lockstep::coordinator
