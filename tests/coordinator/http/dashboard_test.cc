#include "coordinator/http/dashboard.h"

#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

class FakeRun final : public RunControl {
 public:
  v1::RunStatus Snapshot() const override { return {}; }
  SummaryGroup Groups() const override { return {}; }
  std::string SetupData() const override { return ""; }
  bool done() const override { return false; }
  absl::Status Pause() override { return Call("pause"); }
  absl::Status Resume() override { return Call("resume"); }
  absl::Status Scale(int64_t vus, int64_t max_vus) override {
    return Call(absl::StrCat("scale ", vus, " ", max_vus));
  }
  absl::Status MayScaleAgents(int64_t) const override { return absl::OkStatus(); }
  absl::Status ScaleAgents(int64_t agents) override {
    return Call(absl::StrCat("scale agents ", agents));
  }
  absl::Status Stop(Stopping how) override {
    return Call(how == Stopping::kNow ? "stop now" : "stop");
  }

  absl::Status Call(std::string call) {
    calls.push_back(std::move(call));
    return answer;
  }
  std::vector<std::string> calls;
  absl::Status answer;
};

class FakeSource final : public DashboardSource {
 public:
  PageModel Model(uint64_t first) const override {
    ++models;
    PageModel model;
    model.result.script = script;
    model.status.emplace().set_state(v1::RunStatus::RUNNING);
    model.result.history.emplace().first = first;
    return model;
  }
  uint64_t TakeChanged() override { return changed; }

  std::string script = "a.js";
  uint64_t changed = 0;
  mutable int models = 0;
};

class DashboardTest : public ::testing::Test {
 protected:
  WebResponse Ask(const std::string& method, const std::string& path,
                  const std::string& authorization = "", const std::string& body = "",
                  const std::string& host = "localhost:5665") {
    return dashboard.Answer({method, path, body, host, authorization});
  }
  WebResponse Post(const std::string& verb, const std::string& body = "") {
    return Ask("POST", "/api/" + verb, "Bearer secret-token", body);
  }
  // The name and the data of the next event.
  static std::pair<std::string, json> Next(WebStream& stream) {
    const WebStream::Piece piece = stream.Next();
    const std::string text = piece == nullptr ? "event: none\ndata: {}\n\n" : *piece;
    const size_t line = text.find('\n');
    return {text.substr(7, line - 7), json::parse(text.substr(line + 7))};
  }

  FakeRun run;
  FakeSource source;
  Dashboard dashboard{source, run, {.token = "secret-token", .hosts = {"localhost", "127.0.0.1"}}};
};

TEST_F(DashboardTest, EverythingIsServedUnderAStrictPolicy) {
  for (const char* path : {"/", "/app.js", "/app.css", "/events", "/report.html", "/nothing"}) {
    const WebResponse response = Ask("GET", path);
    EXPECT_EQ(response.status, path == std::string("/nothing") ? 404 : 200) << path;
    EXPECT_THAT(response.headers,
                AllOf(Contains(Pair("Content-Security-Policy", StartsWith("default-src 'none'; "))),
                      Contains(Pair("X-Content-Type-Options", "nosniff")),
                      Contains(Pair("Cache-Control", "no-store"))))
        << path;
  }
  EXPECT_EQ(Ask("POST", "/").status, 405);
  EXPECT_THAT(Ask("GET", "/").body, HasSubstr("a.js"));
}

TEST_F(DashboardTest, OnlyWhoeverHasTheTokenControlsTheRun) {
  EXPECT_EQ(Ask("POST", "/api/stop").status, 401);
  EXPECT_EQ(Ask("POST", "/api/stop", "Bearer secret-toke").status, 401);
  EXPECT_EQ(Ask("POST", "/api/stop", "Bearer secret-tokens").status, 401);
  EXPECT_EQ(Ask("POST", "/api/stop", "secret-token").status, 401);
  EXPECT_EQ(Ask("GET", "/api/stop", "Bearer secret-token").status, 405);
  EXPECT_THAT(run.calls, IsEmpty());
  for (const char* verb : {"check", "pause", "resume", "stop"}) {
    EXPECT_EQ(Post(verb).status, 204) << verb;
  }
  EXPECT_EQ(Post("scale", R"({"vus": 5, "maxVUs": 9})").status, 204);
  EXPECT_EQ(Post("scale", R"({"vus": 6})").status, 204);
  EXPECT_THAT(run.calls, ElementsAre("pause", "resume", "stop", "scale 5 9", "scale 6 -1"));
  EXPECT_EQ(Post("explode").status, 404);
}

TEST_F(DashboardTest, WithoutATokenNobodyDoes) {
  Dashboard open(source, run, {.token = ""});
  EXPECT_EQ(open.Answer({"POST", "/api/stop", "", "", "Bearer "}).status, 401);
}

TEST_F(DashboardTest, ARefusalSaysWhy) {
  EXPECT_EQ(Post("scale", "[]").status, 400);
  EXPECT_EQ(Post("scale", R"({"vus": "many"})").body,
            "vus: the body must be JSON like {\"vus\":5,\"maxVUs\":10}\n");
  EXPECT_EQ(Post("scale", "{}").body,
            "scale: neither vus nor maxVUs is given: the body must be JSON like "
            "{\"vus\":5,\"maxVUs\":10}\n");
  EXPECT_EQ(
      Post("scale", R"({"vus": 5, "max": 7})").body,
      "max is neither vus nor maxVUs: the body must be JSON like {\"vus\":5,\"maxVUs\":10}\n");
  run.answer = absl::FailedPreconditionError("it cannot pause");
  EXPECT_EQ(Post("pause").status, 409);
  EXPECT_EQ(Post("pause").body, "it cannot pause\n");
}

TEST_F(DashboardTest, ANameThatOthersMadeToLeadHereIsRefused) {
  EXPECT_EQ(Ask("GET", "/", "", "", "evil.example:5665").status, 403);
  EXPECT_EQ(Ask("GET", "/events", "", "", "").status, 403);
  EXPECT_EQ(Ask("GET", "/", "", "", "LOCALHOST:1").status, 200);
  EXPECT_EQ(Ask("GET", "/", "", "", "127.0.0.1").status, 200);
}

TEST_F(DashboardTest, APageGetsAllOfItAndThenWhatHasChanged) {
  const std::shared_ptr<WebStream> page = Ask("GET", "/events").stream;
  ASSERT_NE(page, nullptr);
  auto [name, data] = Next(*page);
  EXPECT_EQ(name, "snapshot");
  EXPECT_EQ(data["series"]["first"], 0);
  EXPECT_TRUE(data["panels"].contains("verdict"));
  source.changed = 3;
  dashboard.Tick();
  std::tie(name, data) = Next(*page);
  EXPECT_EQ(name, "tick");
  EXPECT_EQ(data["series"]["first"], 3);
  dashboard.Tick();
  std::tie(name, data) = Next(*page);
  EXPECT_TRUE(data["panels"].empty()) << "they are as they were";
  source.script = "b.js";
  dashboard.Tick();
  std::tie(name, data) = Next(*page);
  EXPECT_THAT(data["panels"].dump(), HasSubstr("b.js"));
  EXPECT_EQ(data["panels"].size(), 1u);
  dashboard.End();
  EXPECT_EQ(Next(*page).first, "tick");
  EXPECT_EQ(page->Next(), nullptr);
}

TEST_F(DashboardTest, WhatIsToldIsMadeOnceForAllPages) {
  dashboard.Tick();
  EXPECT_EQ(source.models, 0) << "nobody looks";
  std::vector<std::shared_ptr<WebStream>> pages;
  for (int i = 0; i < 5; ++i) {
    pages.push_back(Ask("GET", "/events").stream);
  }
  EXPECT_EQ(source.models, 1);
  dashboard.Tick();
  EXPECT_EQ(source.models, 2);
  EXPECT_EQ(dashboard.pages(), 5u);
  pages[0]->Abandon();
  EXPECT_EQ(dashboard.pages(), 4u);
}

TEST_F(DashboardTest, TooManyPagesAreRefused) {
  for (size_t i = 0; i < Dashboard::kMostPages; ++i) {
    EXPECT_EQ(Ask("GET", "/events").status, 200);
  }
  EXPECT_EQ(Ask("GET", "/events").status, 503);
}

}  // namespace
}  // namespace lockstep::coordinator
