#include "common/web/prometheus_text.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(PrometheusText, SamplesOfAFamilyStandTogetherUnderOneHead) {
  PrometheusText text;
  text.Add("a_total", "counter", "All a", {{"x", "1"}}, 3);
  text.Add("b", "gauge", "Now b", {}, 0.1);
  text.Add("a_total", "counter", "ignored", {{"x", "2"}, {"y", "z"}}, 4.5);
  EXPECT_EQ(text.Text(),
            "# HELP a_total All a\n# TYPE a_total counter\na_total{x=\"1\"} 3\n"
            "a_total{x=\"2\",y=\"z\"} 4.5\n# HELP b Now b\n# TYPE b gauge\nb 0.1\n");
}

TEST(PrometheusText, EscapesWhatLabelsAndHelpMayNotHave) {
  PrometheusText text;
  text.Add("a", "gauge", "two\nlines", {{"my label", "say \"hi\"\\\n"}}, 1);
  EXPECT_EQ(text.Text(),
            "# HELP a two\\nlines\n# TYPE a gauge\na{my_label=\"say \\\"hi\\\"\\\\\\n\"} 1\n");
}

TEST(PrometheusText, LabelsWhoseNamesBecomeOneShareIt) {
  PrometheusText text;
  text.Add("x", "gauge", "X", {{"a-b", "1"}, {"a.b", "2"}, {"c", "3"}}, 4);
  EXPECT_THAT(text.Text(), ::testing::HasSubstr("x{a_b=\"1;2\",c=\"3\"} 4\n"));
}

TEST(PrometheusText, WritesNumbersThatAreNone) {
  PrometheusText text;
  text.Add("s", "summary", "h", {}, std::nan(""), "_sum");
  text.Add("s", "summary", "h", {}, HUGE_VAL, "_count");
  EXPECT_EQ(text.Text(), "# HELP s h\n# TYPE s summary\ns_sum NaN\ns_count +Inf\n");
}

TEST(PrometheusText, NamesKeepOnlyWhatIsAllowed) {
  EXPECT_EQ(PrometheusText::Name("http.req-9"), "http_req_9");
  EXPECT_EQ(PrometheusText::Name("9lives"), "_lives");
  EXPECT_EQ(PrometheusText::Name(""), "_");
}

TEST(PrometheusText, TellsOfTheProcess) {
  PrometheusText text;
  text.AddProcess();
  EXPECT_THAT(text.Text(), ::testing::ContainsRegex("process_resident_memory_bytes [1-9]"));
}

}  // namespace
}  // namespace lockstep
