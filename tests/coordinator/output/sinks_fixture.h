// A batch with one metric of each type, for outputs that push to servers, and what a server gets of
// it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "coordinator/output/output.h"
#include "tests/support/sink_server.h"

namespace lockstep::coordinator {

inline const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

// http_reqs 3, vus 7, checks 1 of 2, http_req_duration 1000 and 3000 ms; all tagged.
inline Batch OneOfEach() {
  Batch batch;
  batch.metrics = {
      {.name = "http_reqs", .type = MetricType::kCounter},
      {.name = "vus", .type = MetricType::kGauge},
      {.name = "checks", .type = MetricType::kRate},
      {.name = "http_req_duration", .type = MetricType::kTrend, .contains = ValueType::kTime}};
  batch.tag_sets = {{{MetadataKey("iter"), "9"},
                     {MetadataKey("vu"), "4"},
                     {"check", "body ok"},
                     {"group", ""},
                     {"url", "http://x/?a=1,2 b"}}};
  const std::vector<std::vector<double>> values = {{1, 2}, {7}, {1, 0}, {1000, 3000}};
  for (uint32_t i = 0; i < 4; ++i) {
    Aggregate aggregate(batch.metrics[i].type);
    for (double value : values[i]) {
      aggregate.Add(value, kNow);
      batch.points.push_back({.unix_nanos = absl::ToUnixNanos(kNow), .metric = i, .value = value});
    }
    batch.series.push_back({.metric = i, .first_seen = {}, .aggregate = std::move(aggregate)});
  }
  return batch;
}

class SinksTest : public ::testing::Test {
 protected:
  SinksTest() {
    context_.clock = &clock_;
    context_.version = "9.9";
  }
  std::string MakeError(const std::string& spec) {
    return std::string(MakeOutput(spec, context_).status().message());
  }
  // What the server gets of one batch.
  std::vector<lockstep::testing::SinkServer::Request> Send(const std::string& spec,
                                                           lockstep::testing::SinkServer& server) {
    absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput(spec, context_);
    EXPECT_TRUE(output.ok()) << output.status();
    EXPECT_TRUE((*output)->Start().ok());
    (*output)->Write(OneOfEach());
    EXPECT_TRUE((*output)->Stop().ok());
    lost_ = (*output)->Lost();
    return server.requests();
  }

  SystemClock clock_;
  OutputContext context_;
  std::optional<std::string> lost_;
};

}  // namespace lockstep::coordinator
