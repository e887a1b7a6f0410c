#include "coordinator/output/loki_log.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/support/sink_server.h"

namespace lockstep::coordinator {
namespace {

using lockstep::testing::SinkServer;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class KeepingLogger final : public Logger {
 public:
  explicit KeepingLogger(std::vector<std::string>* lines) : lines_(*lines) {}
  void Write(LogRecord record) override { lines_.push_back(record.message); }

 private:
  std::vector<std::string>& lines_;
};

TEST(LokiSettings, AreReadAsK6Does) {
  const absl::StatusOr<LokiSettings> settings = ParseLokiSettings(
      "loki=http://h:1/push?a=b,label.app=x=y,header.X-Scope=t,level=warning,limit=7,"
      "pushPeriod=250ms,msgMaxSize=10,allowedLabels=[app,level],profile");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->url, "http://h:1/push?a=b");
  EXPECT_THAT(settings->labels, ElementsAre(Pair("app", "x=y")));
  EXPECT_THAT(settings->headers, ElementsAre("X-Scope: t"));
  EXPECT_EQ(settings->least, LogLevel::kWarn);
  EXPECT_EQ(settings->limit, 7);
  EXPECT_EQ(settings->push_period, absl::Milliseconds(250));
  EXPECT_EQ(settings->message_characters, 10);
  EXPECT_THAT(*settings->allowed_labels, ElementsAre("app", "level"));
  EXPECT_EQ(ParseLokiSettings("loki")->url, "http://127.0.0.1:3100/loki/api/v1/push");
}

TEST(LokiSettings, NameThePartThatIsWrong) {
  for (const auto& [text, part] :
       std::vector<std::pair<const char*, const char*>>{{"loki=", "\"loki=\""},
                                                        {"loki,limit=0", "\"limit=0\""},
                                                        {"loki,pushPeriod=1", "\"pushPeriod=1\""},
                                                        {"loki,level=loud", "\"level=loud\""},
                                                        {"loki,msgMaxSize=x", "\"msgMaxSize=x\""},
                                                        {"loki,colour=red", "\"colour=red\""}}) {
    EXPECT_THAT(std::string(ParseLokiSettings(text).status().message()), HasSubstr(part)) << text;
  }
}

TEST(LokiBody, HasAStreamForEachSetOfLabelsInTheOrderOfTime) {
  LokiSettings settings;
  settings.labels = {{"app", "x"}};
  settings.message_characters = 6;
  const std::string body = LokiBody(
      settings, {{absl::FromUnixNanos(3), LogLevel::kInfo, "late", {{"source", "console"}}},
                 {absl::FromUnixNanos(1), LogLevel::kInfo, "early", {{"source", "console"}}},
                 {absl::FromUnixNanos(2), LogLevel::kError, "äöü1234567", {}}});
  EXPECT_EQ(json::parse(body), json::parse(R"({"streams": [
      {"stream": {"app": "x", "level": "error"},
       "values": [["2", "äöü... omitting 4 characters ...567"]]},
      {"stream": {"app": "x", "level": "info", "source": "console"},
       "values": [["1", "early"], ["3", "late"]]}]})"));
}

TEST(LokiBody, WritesFieldsThatMayBeNoLabelsBehindTheMessage) {
  LokiSettings settings;
  settings.allowed_labels = {"level"};
  const std::string body = LokiBody(
      settings, {{absl::FromUnixNanos(1), LogLevel::kInfo, "hello", {{"vu", "3"}, {"a", "b"}}}});
  EXPECT_EQ(json::parse(body)["streams"],
            json::parse(R"([{"stream": {"level": "info"}, "values": [["1", "hello a=b vu=3"]]}])"));
}

// That pushes only when it finishes.
LokiSettings SettingsFor(const SinkServer& server, const std::string& path) {
  LokiSettings settings;
  settings.url = server.Url(path);
  settings.push_period = absl::Hours(1);
  return settings;
}

TEST(LokiLog, PushesWhatIsLeftAtItsEndAndDropsWhatIsTooMuch) {
  SinkServer server;
  std::vector<std::string> told;
  LokiSettings settings = SettingsFor(server, "/loki/api/v1/push");
  settings.limit = 2;
  settings.least = LogLevel::kInfo;
  {
    LokiLog log(settings, std::make_unique<KeepingLogger>(&told));
    ASSERT_TRUE(log.Start().ok());
    log.Debug("not severe enough");
    log.Info("one");
    log.Info("two");
    log.Error("three");
  }
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_THAT(server.requests()[0].head, HasSubstr("POST /loki/api/v1/push HTTP/1.1"));
  EXPECT_THAT(server.requests()[0].head, HasSubstr("Content-Type: application/json"));
  const std::string body = server.requests()[0].body;
  EXPECT_THAT(body, HasSubstr("\"one\""));
  EXPECT_THAT(body, HasSubstr("\"two\""));
  EXPECT_THAT(body, HasSubstr("1 log messages were dropped: more than 2 in 1h0m0s"));
  EXPECT_THAT(body, Not(HasSubstr("severe")));
  EXPECT_TRUE(told.empty());
}

TEST(LokiLog, TellsOfLinesThatTheServerRefused) {
  SinkServer server({400});
  std::vector<std::string> told;
  {
    LokiLog log(SettingsFor(server, "/"), std::make_unique<KeepingLogger>(&told));
    ASSERT_TRUE(log.Start().ok());
    log.Info("one");
  }
  EXPECT_THAT(told, ElementsAre(HasSubstr("1 of 1 log lines did not reach " + server.Url("/"))));
}

TEST(LokiLog, GivesLinesToPeopleOnceItHasFinished) {
  SinkServer server({400});
  std::vector<std::string> told;
  LokiLog log(SettingsFor(server, "/"), std::make_unique<KeepingLogger>(&told));
  ASSERT_TRUE(log.Start().ok());
  log.Info("one");
  log.Finish();
  ASSERT_EQ(told.size(), 1u) << "before its own end";
  log.Info("late");
  log.Finish();
  EXPECT_THAT(told, ElementsAre(HasSubstr("1 of 1 log lines did not reach"), HasSubstr("late")));
}

}  // namespace
}  // namespace lockstep::coordinator
