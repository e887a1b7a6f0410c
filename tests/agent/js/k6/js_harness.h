// Runs snippets of JavaScript against the API's modules, in a V8 context with a VU that has no
// fibre: what parks runs the loop until it is woken.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <v8.h>

#include "absl/strings/str_cat.h"

#include "agent/data/shared_array.h"
#include "agent/grpc/engine.h"
#include "agent/grpc/schema_store.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/k6/api_vu.h"
#include "agent/mqtt/client.h"
#include "agent/net/multi_loop.h"

namespace lockstep::agent {

// Keeps samples in order.
class RecordingSink final : public SampleSink {
 public:
  struct Sample {
    std::string metric;
    TagList tags;
    double value;
  };
  void Add(MetricId metric, const TagSet& tags, double value, absl::Time) override {
    samples.push_back({metrics_.Get(metric).name, tags_.Get(tags), value});
  }
  void AddError(absl::string_view cause, absl::string_view method, absl::string_view name,
                absl::Time) override {
    errors.push_back(absl::StrCat(method, " ", name, ": ", cause));
  }
  MetricRegistry& metrics() override { return metrics_; }
  TagSetTable& tags() override { return tags_; }

  // The samples of one metric, as "value{key:value,...}".
  std::vector<std::string> Of(absl::string_view metric) const;

  std::vector<Sample> samples;
  std::vector<std::string> errors;  // rows of the table, as "method name: cause"

 private:
  MetricRegistry metrics_;
  TagSetTable tags_;
};

class RecordingLogger final : public Logger {
 public:
  void Write(LogRecord record) override { records.push_back(std::move(record)); }
  std::vector<LogRecord> records;
};

class HarnessVu final : public ApiVu {
 public:
  HarnessVu();
  ~HarnessVu() override;

  bool in_init() const override { return init; }
  const RunOptions& options() const override { return settings; }
  const SystemTags& system_tags() const override { return system_tags_; }
  Logger& logger() override { return log; }
  void WarnOnce(const std::string& message) override { log.Warn(message); }
  std::string SourcePlace(const std::string& place) override { return place; }
  EventLoop& loop() override { return *loop_; }
  SampleSink& sink() override { return samples; }
  const TagSet& tags() const override { return tags_; }
  void set_tags(TagSet tags) override { tags_ = tags; }
  const std::string& group() const override { return group_; }
  void SetGroup(std::string path) override;
  void CountBytes(int64_t sent, int64_t received) override;
  bool Park(absl::FunctionRef<void(Task wake)> start) override;
  absl::AnyInvocable<void(Task task)> Expect() override;
  std::optional<ScenarioFacts> scenario() const override { return scenario_facts; }
  InstanceFacts instance() const override { return instance_facts; }
  VuFacts vu() const override { return vu_facts; }
  std::string options_json() const override {
    return R"({"vus":3,"scenarios":{"default":{"executor":"constant-vus"}}})";
  }
  void AbortTest(std::string message) override { aborted = std::move(message); }
  void FailTest() override { ++failures; }
  const SegmentTuple& segment() const override { return part; }
  bool work_moves() const override { return moves; }
  void LeaseRows(const std::string& name, RowDealer& dealer) override {
    const int64_t rows = dealer.table().size();
    leases.push_back(absl::StrCat(name, " ", rows, dealer.rules().wrap ? " wrap" : ""));
    dealer.Fill(next_block);
    next_block.first += next_block.count;
    next_block.count = std::max<int64_t>(0, std::min(next_block.count, rows - next_block.first));
  }
  void GetSecret(std::string url,
                 absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override {
    secret_urls.push_back(url);
    done(secret);
  }
  HttpClient& http() override { return http_override_ == nullptr ? *loop_ : *http_override_; }
  ConnectionPool& connections() override { return *pool_; }
  GrpcEngine& grpc() override { return *grpc_; }

  MultiLoop& multi_loop() { return *loop_; }
  MqttEnv& mqtt() { return *mqtt_; }
  // Ends the iteration, once a sample of `metric` is there and the script has heard of what it
  // stands for.
  void CutAfter(absl::string_view metric);
  // Runs the loop until nothing is expected any more, tasks and microtasks included.
  void Drain(v8::Local<v8::Context> context);

  bool init = false;
  RunOptions settings;
  RecordingSink samples;
  RecordingLogger log;
  // Instead of the network; before the first connection.
  void UseHttp(HttpClient& client) { http_override_ = &client; }

  std::optional<ScenarioFacts> scenario_facts;
  InstanceFacts instance_facts;
  VuFacts vu_facts;
  std::string aborted;
  int failures = 0;
  SegmentTuple part;
  std::vector<std::string> leases;
  bool moves = false;  // work between agents
  std::vector<std::string> secret_urls;
  absl::StatusOr<std::string> secret = "s3cret";  // the answer to each of them
  RowBlock next_block;                            // what the next lease gets
  int64_t bytes_sent = 0, bytes_received = 0;

 private:
  SystemTags system_tags_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<MultiLoop> loop_;
  std::unique_ptr<ConnectionPool> pool_;
  HttpClient* http_override_ = nullptr;
  std::unique_ptr<GrpcEngine> grpc_;
  std::unique_ptr<MqttEnv> mqtt_;
  TagSet tags_ = kEmptyTagSet;
  std::string group_;
  int expected_ = 0;
  std::vector<Task> ready_;
};

// One isolate with one context, in which each module is a global: k6, metrics, data, execution,
// crypto, encoding, http, grpc.
class JsHarness {
 public:
  JsHarness();
  ~JsHarness();

  // What the body of a function returns, as JSON ("undefined" without a value), or "Name: message"
  // of what it throws. Waits for a promise, and for what the snippet has started.
  std::string Run(absl::string_view body);

  HarnessVu& vu() { return *vu_; }
  v8::Isolate* isolate() { return isolate_; }
  v8::Local<v8::Context> context() { return context_.Get(isolate_); }
  SharedArrayStore& shared_arrays() { return shared_arrays_; }
  // What files hold, by the path that scripts say.
  std::map<std::string, std::string> files;
  // Defines a global; call it within HandleScopes.
  void SetGlobal(absl::string_view name, v8::Local<v8::Value> value);

 private:
  std::string Describe(v8::Local<v8::Value> value);

  std::unique_ptr<v8::ArrayBuffer::Allocator> allocator_;
  v8::Isolate* isolate_ = nullptr;
  std::unique_ptr<FunctionCache> functions_;
  std::unique_ptr<OwnedObjects> owned_;
  SharedArrayStore shared_arrays_;
  RowStore rows_;
  SchemaStore schemas_;
  std::unique_ptr<HarnessVu> vu_;
  v8::Global<v8::Context> context_;
};

}  // namespace lockstep::agent
