#include "agent/http/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Show(const std::vector<StreamEvent>& events) {
  std::vector<std::string> shown;
  for (const StreamEvent& event : events) {
    shown.push_back(absl::StrCat(event.type, "|", event.data, "|", event.last_event_id));
  }
  return shown;
}

std::vector<std::string> Parse(absl::string_view text) {
  EventStreamParser parser;
  std::vector<StreamEvent> events;
  EXPECT_TRUE(parser.Feed(text, events));
  return Show(events);
}

// The examples of the standard (section 9.2.6).
TEST(EventStream, ReadsTheStandardsExamples) {
  EXPECT_THAT(Parse("data: YHOO\ndata: +2\ndata: 10\n\n"), ElementsAre("message|YHOO\n+2\n10|"));
  EXPECT_THAT(
      Parse(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
            "data:  third event\n\n"),
      ElementsAre("message|first event|1", "message|second event|", "message| third event|"));
  EXPECT_THAT(Parse("data\n\ndata\ndata\n\ndata:"), ElementsAre("message||", "message|\n|"));
  EXPECT_THAT(Parse("data:test\n\ndata: test\n\n"), ElementsAre("message|test|", "message|test|"));
}

TEST(EventStream, TakesAnyLineEndAndAByteOrderMarkWhereverTheBytesAreCut) {
  const std::string text =
      "\xEF\xBB\xBF"
      "event: a\rdata: 1\r\r"
      "event: b\r\ndata: 2\r\n\r\n"
      "data: 3\n\n";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EventStreamParser parser;
    std::vector<StreamEvent> events;
    EXPECT_TRUE(parser.Feed(absl::string_view(text).substr(0, cut), events));
    EXPECT_TRUE(parser.Feed(absl::string_view(text).substr(cut), events));
    EXPECT_THAT(Show(events), ElementsAre("a|1|", "b|2|", "message|3|")) << cut;
  }
}

TEST(EventStream, ForgetsTheTypeOfAnEventWithoutData) {
  EXPECT_THAT(Parse("event: lost\n\ndata: x\n\n"), ElementsAre("message|x|"));
}

TEST(EventStream, IgnoresWhatItDoesNotKnow) {
  EXPECT_THAT(Parse(absl::StrCat("Data: x\n data: y\nid: 1\nid: a", std::string(1, '\0'), "b\n",
                                 "data: z\n\n")),
              ElementsAre("message|z|1"));
}

TEST(EventStream, RemembersTheIdOfAnEventWithoutData) {
  EventStreamParser parser;
  std::vector<StreamEvent> events;
  EXPECT_TRUE(parser.Feed("id: 7\n\nid: 8\n", events));
  EXPECT_THAT(events, IsEmpty());
  EXPECT_EQ("7", parser.last_event_id());
  parser.Restart();
  EXPECT_TRUE(parser.Feed("data: x\n\n", events));
  EXPECT_THAT(Show(events), ElementsAre("message|x|7"));
}

TEST(EventStream, DropsWhatIsIncompleteWhenItRestarts) {
  EventStreamParser parser;
  std::vector<StreamEvent> events;
  EXPECT_TRUE(parser.Feed("event: a\ndata: 1\nda", events));
  parser.Restart();
  EXPECT_TRUE(parser.Feed("ta: 2\n\ndata: 3\n\n", events));
  EXPECT_THAT(Show(events), ElementsAre("message|3|"));
}

TEST(EventStream, TakesOnlyDigitsAsATimeToWait) {
  EventStreamParser parser;
  std::vector<StreamEvent> events;
  EXPECT_TRUE(parser.Feed("retry: 10s\nretry: -1\nretry:\n", events));
  EXPECT_EQ(std::nullopt, parser.retry());
  EXPECT_TRUE(parser.Feed("retry: 250\n", events));
  EXPECT_EQ(absl::Milliseconds(250), parser.retry());
  EXPECT_TRUE(parser.Feed("retry: 99999999999999999999\n", events));
  EXPECT_EQ(absl::Hours(24), parser.retry());
}

TEST(EventStream, RefusesLinesAndEventsThatAreTooLong) {
  std::vector<StreamEvent> events;
  EventStreamParser line(20);
  EXPECT_FALSE(line.Feed("data: 123456789012345", events));
  EXPECT_FALSE(line.Feed("\n\n", events));
  EventStreamParser data(20);
  EXPECT_TRUE(data.Feed("data: 1234567890\n", events));
  EXPECT_FALSE(data.Feed("data: 1234567890\n", events));
  EXPECT_THAT(events, IsEmpty());
  data.Restart();
  EXPECT_TRUE(data.Feed("data: x\n\n", events));
  EXPECT_THAT(Show(events), ElementsAre("message|x|"));
}

}  // namespace
}  // namespace lockstep::agent
