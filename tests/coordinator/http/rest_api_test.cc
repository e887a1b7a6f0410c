#include "coordinator/http/rest_api.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace lockstep::coordinator {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FakeControl final : public RunControl {
 public:
  v1::RunStatus Snapshot() const override { return status; }
  SummaryGroup Groups() const override { return groups; }
  std::string SetupData() const override { return setup; }
  bool done() const override { return over; }
  absl::Status Pause() override {
    calls.push_back("pause");
    status.set_paused(pause.ok());
    return pause;
  }
  absl::Status Resume() override {
    calls.push_back("resume");
    status.set_paused(false);
    return absl::OkStatus();
  }
  absl::Status ScaleAgents(int64_t) override { return absl::OkStatus(); }
  absl::Status MayScaleAgents(int64_t) const override { return absl::OkStatus(); }
  absl::Status Scale(int64_t vus, int64_t max_vus) override {
    calls.push_back(absl::StrCat("scale ", vus, " ", max_vus));
    return scale;
  }
  absl::Status Stop(Stopping how) override {
    calls.push_back(how == Stopping::kNow ? "stop now" : "stop");
    status.set_stop_reason("stopped");
    return absl::OkStatus();
  }

  v1::RunStatus status;
  SummaryGroup groups;
  std::string setup;
  bool over = false;
  absl::Status pause;
  absl::Status scale;
  std::vector<std::string> calls;
};

class RestApi : public ::testing::Test {
 protected:
  RestApi() {
    control.status.set_state(v1::RunStatus::RUNNING);
    control.status.set_vus(3);
    control.status.set_vus_max(10);
  }
  WebResponse Ask(const std::string& method, const std::string& path,
                  const std::string& body = "") {
    return AnswerRest({method, path, body}, control);
  }
  json Get(const std::string& path) {
    WebResponse response = Ask("GET", path);
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.content_type, "application/json; charset=utf-8");
    return json::parse(response.body);
  }
  WebResponse Patch(const std::string& attributes) {
    return Ask("PATCH", "/v1/status",
               R"({"data":{"type":"status","id":"default","attributes":)" + attributes + "}}");
  }
  static std::string Detail(const WebResponse& response) {
    return json::parse(response.body)["errors"][0]["detail"].get<std::string>();
  }

  FakeControl control;
};

TEST_F(RestApi, StatusHasTheShapeOfK6) {
  EXPECT_EQ(Get("/v1/status"),
            json::parse(R"({"data": {"type": "status", "id": "default", "attributes": {
      "status": 7, "paused": false, "vus": 3, "vus-max": 10, "stopped": false, "running": true, "tainted": false}}})"));
}

TEST_F(RestApi, AFailingThresholdTaintsTheRunAndItsMetric) {
  v1::ThresholdStatus& threshold = *control.status.add_thresholds();
  threshold.set_metric("http_reqs");
  threshold.set_verdict(v1::ThresholdStatus::FAILING);
  for (const char* name : {"checks", "http_reqs"}) {
    v1::MetricStatus& metric = *control.status.add_metrics();
    metric.set_key(name);
    metric.set_type(v1::METRIC_KIND_COUNTER);
    metric.set_contains(v1::METRIC_CONTENTS_DEFAULT);
    (*metric.mutable_values())["count"] = 4;
  }
  EXPECT_EQ(Get("/v1/status")["data"]["attributes"]["tainted"], true);
  EXPECT_EQ(Get("/v1/metrics")["data"][0]["attributes"]["tainted"], nullptr);
  EXPECT_EQ(Get("/v1/metrics/http_reqs"),
            json::parse(R"({"data": {"type": "metrics", "id": "http_reqs",
      "attributes": {"type": "counter", "contains": "default", "tainted": true, "sample": {"count": 4.0}}}})"));
  EXPECT_EQ(Ask("GET", "/v1/metrics/nope").status, 404);
}

TEST_F(RestApi, PausedBeforeTheStartIsFour) {
  control.status.set_paused(true);
  control.status.set_state(v1::RunStatus::PREPARING);
  EXPECT_EQ(Get("/v1/status")["data"]["attributes"]["status"], 4);
  control.status.set_state(v1::RunStatus::READY_BARRIER);
  EXPECT_EQ(Get("/v1/status")["data"]["attributes"]["status"], 4);
}

TEST_F(RestApi, PatchPausesResumesScalesAndStops) {
  EXPECT_EQ(Patch(R"({"paused": true})").status, 200);
  EXPECT_EQ(Patch(R"({"paused": false})").status, 200);
  EXPECT_EQ(Patch(R"({"vus": 5, "vus-max": 20})").status, 200);
  EXPECT_EQ(Patch(R"({"stopped": true})").status, 200);
  EXPECT_THAT(control.calls, ElementsAre("pause", "resume", "scale 5 20", "stop"));
}

TEST_F(RestApi, WhatIsSoAlreadyIsNoChange) {
  // As k6's clients do it: read, change one attribute, send all back.
  EXPECT_EQ(
      Patch(
          R"({"status": 7, "paused": true, "vus": 3, "vus-max": 10, "stopped": false, "running": true,
                      "tainted": false})")
          .status,
      200);
  EXPECT_EQ(Patch(R"({"paused": null, "vus": null, "stopped": null})").status, 200);
  EXPECT_THAT(control.calls, ElementsAre("pause"));
}

TEST_F(RestApi, ARefusedChangeLeavesNothingChanged) {
  control.scale = absl::FailedPreconditionError("only externally-controlled scenarios");
  WebResponse response = Patch(R"({"paused": true, "vus": 5})");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(Detail(response), "only externally-controlled scenarios");
  EXPECT_THAT(control.calls, ElementsAre("pause", "scale 5 -1", "resume"));
  EXPECT_FALSE(control.status.paused());
}

TEST_F(RestApi, BodiesThatCannotBeAreRefusedByKeyAndValue) {
  for (const char* body : {"", "{", "[]", "null", R"({"data": 1})", R"({"data": {}})",
                           R"({"data": {"attributes": 3}})"}) {
    EXPECT_EQ(Ask("PATCH", "/v1/status", body).status, 400) << body;
  }
  EXPECT_EQ(Detail(Patch(R"({"paused": 1, "vus": -1, "vus-max": "x"})")),
            "paused: must be true, false or null, got 1; vus: must be an integer, at least 0, or "
            "null, got -1; vus-max: must be an integer, at least 0, or null, got \"x\"");
  EXPECT_EQ(Patch(R"({"vus": 1.5})").status, 400);
  EXPECT_EQ(Patch(R"({"vus": 18446744073709551615})").status, 400);
  EXPECT_THAT(control.calls, IsEmpty());
}

TEST_F(RestApi, GroupsReferToEachOther) {
  control.groups.groups.push_back({.name = "g", .path = "::g", .checks = {}, .groups = {}});
  control.groups.groups[0].checks.push_back(
      {.name = "ok", .path = "::g::ok", .first_seen = {}, .passes = 2, .fails = 1});
  const json all = Get("/v1/groups")["data"];
  ASSERT_EQ(all.size(), 2u);
  // The root's id is the MD5 of nothing.
  EXPECT_EQ(all[0]["id"], "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(all[0]["relationships"]["parent"]["data"], nullptr);
  EXPECT_EQ(all[0]["relationships"]["groups"]["data"][0]["id"], all[1]["id"]);
  EXPECT_EQ(all[1]["relationships"]["parent"]["data"]["id"], all[0]["id"]);
  EXPECT_EQ(all[1]["attributes"]["checks"][0]["passes"], 2);
  EXPECT_EQ(Get("/v1/groups/" + all[1]["id"].get<std::string>())["data"]["attributes"]["name"],
            "g");
  EXPECT_EQ(Ask("GET", "/v1/groups/0").status, 404);
}

TEST_F(RestApi, SetupIsReadAndTeardownIsTheRuns) {
  EXPECT_EQ(Get("/v1/setup")["data"]["attributes"]["data"], nullptr);
  control.setup = R"({"token": 7})";
  EXPECT_EQ(Get("/v1/setup")["data"]["attributes"]["data"]["token"], 7);
  EXPECT_EQ(Ask("POST", "/v1/setup").status, 200);
  EXPECT_EQ(Ask("PUT", "/v1/setup", "1").status, 409);
  EXPECT_EQ(Ask("POST", "/v1/teardown").status, 409);
}

TEST_F(RestApi, OtherPathsAndMethodsAreErrors) {
  EXPECT_EQ(Ask("GET", "/v1/nothing").status, 404);
  EXPECT_EQ(Ask("GET", "/v1/status/x").status, 404);
  EXPECT_EQ(Ask("GET", "/etc/passwd").status, 404);
  EXPECT_EQ(Ask("POST", "/v1/status").status, 405);
  EXPECT_EQ(Ask("DELETE", "/v1/metrics").status, 405);
  EXPECT_EQ(Ask("POST", "/metrics").status, 405);
}

TEST_F(RestApi, HealthAndReadiness) {
  EXPECT_EQ(Ask("GET", "/healthz").status, 200);
  EXPECT_EQ(Ask("GET", "/readyz").status, 200);
  EXPECT_EQ(Ask("GET", "/ping").body, "ok\n");
  control.over = true;
  EXPECT_EQ(Ask("GET", "/healthz").status, 200);
  EXPECT_EQ(Ask("GET", "/readyz").status, 503);
}

}  // namespace
}  // namespace lockstep::coordinator
